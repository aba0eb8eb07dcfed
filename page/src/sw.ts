/**
 * The service worker: it keeps the page, the WebAssembly and the first model when it is installed,
 * and every other model when it is used. The page's own files come from here until there are new
 * ones; models and their list come from the server as long as it answers.
 */
declare const FILES: string[];
declare const VERSION: string;

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  request: Request;
  respondWith(response: Promise<Response>): void;
}
const worker = self as unknown as {
  location: Location;
  clients: { claim(): Promise<void> };
  addEventListener(name: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(name: "fetch", listener: (event: FetchEvent) => void): void;
};

const BASE = new URL("./", worker.location.href);
// Pages of other folders of the same host have caches of their own.
const PREFIX = `movinet ${BASE.pathname} `;
const PAGE = PREFIX + VERSION;
const MODELS = `${PREFIX}models`;
/** Milliseconds until the server has begun to answer, where there is something kept. */
const PATIENCE = 3000;
const OWN = new Set(FILES.map((name) => new URL(name, BASE).href));

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  address.search = "";
  address.hash = "";
  if (request.method !== "GET" || address.origin !== BASE.origin) return;
  if (address.href === BASE.href) address.pathname += "index.html";
  if (OWN.has(address.href)) event.respondWith(own(address.href));
  else if (address.href === new URL("models.json", BASE).href || address.href.endsWith(".tflite")) {
    event.respondWith(freshest(request, address.href));
  }
});

async function install(): Promise<void> {
  const cache = await caches.open(PAGE);
  // The page itself is asked for by its folder, as it will be when it is opened.
  const get = async (address: string): Promise<void> => {
    const asked = address === new URL("index.html", BASE).href ? BASE.href : address;
    const response = await fetch(asked, { cache: "no-cache" });
    if (!response.ok) throw new Error(`${asked}: ${response.status}`);
    await cache.put(address, response);
  };
  await Promise.all([...OWN].map(get));
  const models = await caches.open(MODELS);
  const list = new URL("models.json", BASE).href;
  await models.add(list);
  const catalogue = (await (await models.match(list))!.json()) as { models: { file: string }[] };
  const first = catalogue.models[0];
  if (first) await models.add(new URL(first.file, BASE).href);
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== PAGE && name !== MODELS) await caches.delete(name);
  }
  await worker.clients.claim();
}

async function own(address: string): Promise<Response> {
  const cache = await caches.open(PAGE);
  return (await cache.match(address)) ?? fetch(address);
}

/**
 * From the server, and kept; as it was kept when the server does not answer. In another network
 * than the server's nothing says that it will not, so that is not waited for.
 */
async function freshest(request: Request, address: string): Promise<Response> {
  const cache = await caches.open(MODELS);
  const kept = await cache.match(address);
  const patience = new AbortController();
  const late = kept && setTimeout(() => patience.abort(), PATIENCE);
  try {
    const response = await fetch(request, { signal: patience.signal });
    clearTimeout(late);
    if (response.status === 200) await cache.put(address, response.clone());
    if (response.ok) return response;
    return kept ?? response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}
