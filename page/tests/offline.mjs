// Once it was loaded, the page works when the server has stopped.
// Job: {site, video, frames}
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
  await browser.close();
  const hosts = [...asked].filter((origin) => !address.startsWith(origin));
  return { title, best, hosts, problems };
});
