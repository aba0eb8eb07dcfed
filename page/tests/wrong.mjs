// What goes wrong, and what is stopped before it has begun: what the page says and shows then.
// Job: {site, broken, silent: a file without pictures, video}
import { frames as seen, job, open } from "./browser.mjs";
import { stop } from "./server.mjs";

/** The page's words and what there is to press. */
const look = (page) =>
  page.evaluate(() => {
    const shown = (id) => !document.getElementById(id).hidden;
    const tracks = document.getElementById("video").srcObject?.getTracks() ?? [];
    return {
      says: document.getElementById("status").dataset.key,
      run: document.getElementById("run").dataset.text,
      video: shown("video"),
      empty: shown("empty"),
      live: tracks.filter(({ readyState }) => readyState === "live").length,
    };
  });

await job(async ({ site, broken, silent, video }) => {
  // The model must come from where it can be held up.
  const { server, browser, context, page, problems } = await open({ site, serviceWorkers: "block" });
  const results = {};
  const over = () => page.waitForSelector("#run[data-text=start]");
  for (const [name, file] of [["broken", broken], ["silent", silent]]) {
    await page.setInputFiles("#file", file);
    await page.waitForSelector("#status.wrong");
    await over();
    results[name] = await look(page);
    await page.evaluate(() => document.getElementById("status").classList.remove("wrong"));
  }
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    window.ask = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await page.click("#camera");
  await page.waitForSelector("#status[data-key=denied]");
  await over();
  results.denied = await look(page);
  await page.evaluate(() => (navigator.mediaDevices.getUserMedia = window.ask));

  let go;
  const held = new Promise((resolve) => (go = resolve));
  await context.route("**/*.tflite", (route) => held.then(() => route.continue()));
  for (const source of ["camera", "file"]) {
    if (source === "camera") await page.click("#camera");
    else await page.setInputFiles("#file", video);
    await page.waitForSelector("#run[data-text=stop]");
    if (source === "camera") await page.waitForFunction(() => document.getElementById("video").srcObject);
    await page.click("#run");
    await over();
    // The camera is let go of a moment after the button has changed; for good, or this times out.
    await page.waitForFunction(
      () => !(document.getElementById("video").srcObject?.getTracks() ?? []).some(
        ({ readyState }) => readyState === "live",
      ),
      undefined,
      { timeout: 5000 },
    );
    results[`stopped ${source}`] = await look(page);
  }
  // And then it can be watched all the same.
  await page.click("#run");
  go();
  await seen(page, 3);
  await page.click("#run");
  await over();
  results.after = await look(page);
  await browser.close();
  await stop(server);
  return { results, problems };
});
