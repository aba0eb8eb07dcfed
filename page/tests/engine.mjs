// The same bytes into the engine in Chromium: scores of every frame.
// Job: {site, model, events, frames: file in site, width, height, count, times: [seconds]}
import { job, open } from "./browser.mjs";
import { stop } from "./server.mjs";

await job(async ({ site, ...asked }) => {
  const { server, browser, page, problems } = await open({ site });
  const result = await page.evaluate(async ({ model, events, frames, width, height, count, times }) => {
    const { Here, Pace, Rate, microseconds } = await import("./movinet.js");
    const { models } = await (await fetch("models.json")).json();
    const entry = models.find(({ name }) => name === model);
    const watcher = new Here(entry, { top: 5, events, echo: true });
    await watcher.open();
    const bytes = new Uint8Array(await (await fetch(frames)).arrayBuffer());
    const pace = new Pace(Rate.of(entry.contract.fps), watcher.horizon);
    const answers = [];
    const told = [];
    let smalls = 0;
    const size = width * height * 4;
    for (let index = 0; index < times.length; index++) {
      const moment = pace.take(microseconds(times[index]));
      if (!moment) continue;
      const start = (index % count) * size;
      const data = bytes.slice(start, start + size);
      const answer = await watcher.watch({ data, width, height }, moment);
      for (const byte of answer.small) smalls = (Math.imul(smalls, 31) + byte) | 0;
      told.push(...answer.events);
      const { time, milliseconds, scores } = answer;
      answers.push({ time, index: answer.index, milliseconds, scores: Array.from(scores) });
    }
    told.push(...(await watcher.finish()));
    return { answers, events: told, smalls };
  }, asked);
  await browser.close();
  await stop(server);
  return { ...result, problems };
});
