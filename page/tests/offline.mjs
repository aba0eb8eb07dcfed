// Once it was loaded, the page works when the server has stopped, and when it does not answer.
// Job: {site, video, frames}
import { createServer } from "node:net";
import { frames as seen, job, open } from "./browser.mjs";
import { stop } from "./server.mjs";

await job(async ({ site, video, frames }) => {
  const { server, address, browser, page, problems, asked } = await open({ site });
  await page.waitForSelector("html[data-offline]", { timeout: 60_000 });
  await stop(server);
  await page.reload();
  await page.waitForSelector("html[data-ready]");
  const title = await page.locator("h1").innerText();
  await page.setInputFiles("#file", video);
  await seen(page, frames);
  const best = await page.locator("#verdict-label").innerText();
  // In another network nobody says that there is no server: it just never answers.
  const deaf = createServer(() => {});
  await new Promise((resolve) => deaf.listen(new URL(address).port, "127.0.0.1", resolve));
  const begun = Date.now();
  await page.reload();
  await page.waitForSelector("html[data-ready]");
  const models = await page.locator("#model option").count();
  const seconds = (Date.now() - begun) / 1000;
  await browser.close();
  const hosts = [...asked].filter((origin) => !address.startsWith(origin));
  return { title, best, models, seconds, hosts, problems };
});
