// Chromium for the tests, and a page in it that tells what goes wrong and whom it asks.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
export const STATIC = join(here, "../../src/movinet/web/static");
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };

/** Chromium; `camera`: a .y4m or .mjpeg file that its camera shows over and over. */
export function launch(camera) {
  const args = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
  ];
  if (camera) args.push(`--use-file-for-fake-video-capture=${camera}`);
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** Serves the page with a folder of models, and opens it. */
export async function open({ site, camera, viewport = DESKTOP, ...options }) {
  const { server, address } = await serve([site, STATIC]);
  const browser = await launch(camera);
  const context = await browser.newContext({ viewport, ...options });
  const page = await context.newPage();
  const problems = [];
  const asked = new Set();
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  context.on("request", (request) => asked.add(new URL(request.url()).origin));
  await page.goto(address);
  await page.waitForSelector("html[data-ready]");
  return { server, address, browser, context, page, problems, asked };
}

/** Waits until so many frames were answered, or fails with what the page says. */
export async function frames(page, count, timeout = 60_000) {
  await page.waitForFunction(
    (wanted) =>
      Number(document.documentElement.dataset.seen ?? 0) >= wanted ||
      document.querySelector("#status.wrong"),
    count,
    { timeout },
  );
  const wrong = await page.locator("#status.wrong").count();
  if (wrong) throw new Error(await page.locator("#status").innerText());
}

/** Reads the job that the test wrote, runs it and prints what came out. */
export async function job(run) {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const result = await run(JSON.parse(Buffer.concat(chunks).toString()));
  // A pipe takes some time for all of it.
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}
