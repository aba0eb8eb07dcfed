/** The worker: it loads a model and runs it, so that the page never waits. */
import { Engine } from "./engine/engine";
import { LiteRTRunner } from "./engine/litert";
import type { FromWorker, ToWorker } from "./engine/messages";
import { readPixels } from "./engine/pixels";

const port = self as unknown as {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
};

let engine: Engine<Awaited<ReturnType<LiteRTRunner["run"]>> extends Map<string, infer T> ? T : never>;
let work: Promise<void> = Promise.resolve();

async function load(message: Extract<ToWorker, { type: "load" }>): Promise<void> {
  const { file, contract, horizon, cuts } = message;
  const response = await fetch(file);
  if (!response.ok) throw new Error(`${file}: ${response.status} ${response.statusText}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const runner = await LiteRTRunner.load(new URL("wasm/", self.location.href), bytes, contract);
  engine = new Engine(contract, runner, horizon, cuts);
  port.postMessage({ type: "ready" });
}

async function watch(message: Extract<ToWorker, { type: "frame" }>): Promise<void> {
  if (message.fresh) engine.reset();
  const begun = performance.now();
  const small = engine.resize(readPixels(message.frame));
  const ready = performance.now();
  const { scores, index, memory } = await engine.step(small);
  const cost = { picture: ready - begun, network: performance.now() - ready };
  const echo = message.echo ? small.slice() : null;
  port.postMessage({ type: "scores", scores, index, memory, cost, small: echo }, [scores.buffer]);
}

async function answer(message: ToWorker): Promise<void> {
  try {
    if (message.type === "load") await load(message);
    else if (message.type === "frame") await watch(message);
    else engine.reset();
  } catch (error) {
    port.postMessage({ type: "failed", message: String(error instanceof Error ? error.message : error) });
  }
}

// One after the other: a step is not finished when the next message comes.
port.onmessage = (event) => {
  work = work.then(() => answer(event.data));
};
