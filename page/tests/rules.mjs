// The engine's rules without a browser, for cases that the test drew.
// Job: {resize: [{rule, size, width, height, data}], pace: {fps, horizon, times}, events: {...}}
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { STATIC, job } from "./browser.mjs";

const { EventDetector, Pace, Rate, Resizer, microseconds } = await import(
  pathToFileURL(join(STATIC, "movinet.js"))
);

await job(async ({ resize, paces, events }) => ({
  resize: resize.map(({ rule, size, width, height, data }) => {
    const picture = { data: Buffer.from(data, "base64"), width, height };
    return Buffer.from(new Resizer(...size, rule).resize(picture)).toString("base64");
  }),
  paces: paces.map(({ fps, horizon, times }) => {
    const pace = new Pace(Rate.of(fps), horizon);
    return times.map((time) => pace.take(microseconds(time)));
  }),
  events: events.map(({ contract, options, memories, rows, times }) => {
    const detector = new EventDetector(contract, options);
    const told = rows.map((row, index) =>
      detector.push(Float32Array.from(row), microseconds(times[index]), index, memories[index]),
    );
    return [...told.flat(), ...detector.finish()];
  }),
}));
