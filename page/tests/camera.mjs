// The camera through the page, model after model.
// Job: {site, camera: file, models: [names], rounds, frames, events}
import { frames as seen, job, open } from "./browser.mjs";
import { stop } from "./server.mjs";

await job(async ({ site, camera, models, rounds, frames, events }) => {
  const { server, address, browser, page, problems, asked } = await open({ site, camera });
  await page.evaluate(() => {
    window.answers = [];
    document.addEventListener("movinet-answer", ({ detail }) => {
      const { time, index, top, milliseconds, cost } = detail;
      window.answers.push({ time, index, top, milliseconds, cost });
    });
  });
  await page.setChecked("#events", events);
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    for (const model of models) {
      await page.selectOption("#model", model);
      await page.evaluate(() => (window.answers.length = 0));
      await page.click("#camera");
      await page.waitForSelector("#status[data-key=running]");
      await seen(page, frames, 120_000);
      const { fps } = await page.evaluate(() => ({ ...document.documentElement.dataset }));
      await page.click("#run");
      await page.waitForSelector("#status[data-key=stopped]");
      const answers = await page.evaluate(() => window.answers);
      runs.push({ model, round, fps: Number(fps), answers });
    }
  }
  await browser.close();
  await stop(server);
  return { runs, problems, hosts: [...asked].filter((origin) => !address.startsWith(origin)) };
});
