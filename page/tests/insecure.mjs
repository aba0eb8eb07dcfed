// The page over plain HTTP from another machine: it says why there is no camera.
// Job: {site}
import { chromium } from "playwright-core";
import { CHROMIUM, STATIC, job } from "./browser.mjs";
import { serve, stop } from "./server.mjs";

await job(async ({ site }) => {
  const { server, address } = await serve([site, STATIC]);
  const args = ["--no-sandbox", "--host-resolver-rules=MAP page.test 127.0.0.1"];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args });
  const page = await browser.newPage({ locale: "en-GB" });
  await page.goto(address.replace("127.0.0.1", "page.test"));
  await page.waitForSelector("html[data-ready]");
  const note = await page.locator("#note").innerText();
  const camera = await page.locator("#camera").isEnabled();
  const choose = await page.locator("#choose").isEnabled();
  await page.click("#language");
  const korean = await page.locator("#note").innerText();
  await browser.close();
  await stop(server);
  return { note, korean, camera, choose };
});
