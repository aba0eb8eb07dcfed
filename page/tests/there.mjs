// The page of a running server, with frames sent to it.
// Job: {address, video, camera}
import { frames as seen, job, launch } from "./browser.mjs";

await job(async ({ address, video, camera }) => {
  const browser = await launch(camera);
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  await page.goto(address);
  await page.waitForSelector("html[data-ready]");
  await page.evaluate(() => {
    window.answers = [];
    document.addEventListener("movinet-answer", ({ detail }) => {
      const { time, index, top, events } = detail;
      window.answers.push({ time, index, top, events });
    });
  });
  const results = {};
  for (const where of ["here", "there"]) {
    await page.check(`input[value=${where}]`, { force: true });
    await page.evaluate(() => (window.answers.length = 0));
    const runs = await page.evaluate(() => document.documentElement.dataset.runs ?? "0");
    await page.setInputFiles("#file", video);
    await page.waitForFunction(
      (before) => (document.documentElement.dataset.runs ?? "0") !== before,
      runs,
      { timeout: 60_000 },
    );
    results[where] = {
      answers: await page.evaluate(() => window.answers),
      status: await page.locator("#status").getAttribute("data-key"),
      list: await page.locator("#list").innerText(),
    };
  }
  await page.click("#camera");
  await page.waitForSelector("#status[data-key=running]");
  await seen(page, 20);
  await page.click("#reset");
  await seen(page, 10);
  const indices = await page.evaluate(() => window.answers.map(({ index }) => index));
  await page.click("#run");
  await page.waitForSelector("#status[data-key=stopped]");
  await browser.close();
  return { results, indices, problems };
});
