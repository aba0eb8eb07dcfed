// axe-core over the page in both themes, before and after a video; and pictures of it to look at.
// Job: {site, model, video, pictures: folder or null}
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { DESKTOP, PHONE, job, open } from "./browser.mjs";
import { stop } from "./server.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function check(page) {
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** Every element that Tab reaches, by its id or name. */
async function walk(page) {
  const reached = [];
  for (let step = 0; step < 30; step++) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => document.activeElement?.id || document.activeElement?.name || "");
    if (!name || reached.includes(name)) break;
    reached.push(name);
  }
  return reached;
}

const LOOKS = [
  ["phone", "light", PHONE],
  ["phone", "dark", PHONE],
  ["desktop", "light", DESKTOP],
  ["desktop", "dark", DESKTOP],
];

await job(async ({ site, model, video, pictures }) => {
  const { server, browser, page } = await open({ site, bypassCSP: true, locale: "en-US" });
  await page.evaluate(axe);
  const findings = {};
  let narrow = 0;
  const look = async (name) => {
    for (const [size, colorScheme, viewport] of LOOKS) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      // Canvases are painted with the next picture of the screen.
      await page.evaluate(() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go))));
      const key = `${size} ${colorScheme} ${name}`;
      findings[key] = await check(page);
      narrow = Math.max(
        narrow,
        await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      );
      const path = `${pictures}/${key.replaceAll(" ", "-")}.png`;
      if (pictures) await page.screenshot({ path, fullPage: true });
    }
  };
  await look("before");
  const tabs = await walk(page);
  await page.selectOption("#model", model);
  await page.setInputFiles("#file", video);
  await page.waitForFunction(() => Number(document.documentElement.dataset.seen ?? 0) >= 8);
  await look("running");
  await page.waitForSelector("#status[data-key=finished]", { timeout: 60_000 });
  await page.click("#language");
  await look("events");
  const lang = await page.evaluate(() => document.documentElement.lang);
  await browser.close();
  await stop(server);
  return { findings, tabs, narrow, lang };
});
