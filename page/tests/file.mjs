// Video files through the page: what it says to every frame.
// Job: {site, model, events, videos: [paths], timeout}
import { job, open } from "./browser.mjs";
import { stop } from "./server.mjs";

await job(async ({ site, model, events, videos, timeout = 60_000 }) => {
  const { server, browser, page, problems } = await open({ site });
  await page.evaluate(() => {
    window.answers = [];
    document.addEventListener("movinet-answer", ({ detail }) => {
      const { time, index, top, events, milliseconds } = detail;
      window.answers.push({ time, index, top, events, milliseconds });
    });
  });
  await page.selectOption("#model", model);
  await page.setChecked("#events", events);
  const results = [];
  for (const video of videos) {
    await page.evaluate(() => (window.answers.length = 0));
    const runs = await page.evaluate(() => document.documentElement.dataset.runs ?? "0");
    const begun = Date.now();
    await page.setInputFiles("#file", video);
    await page.waitForFunction(
      (before) => (document.documentElement.dataset.runs ?? "0") !== before,
      runs,
      { timeout },
    );
    results.push({
      answers: await page.evaluate(() => window.answers),
      status: await page.locator("#status").innerText(),
      seconds: (Date.now() - begun) / 1000,
      list: await page.locator("#list").innerText(),
    });
  }
  await browser.close();
  await stop(server);
  return { results, problems };
});
