import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock, microseconds } from "../../src/engine/clock";
import { Pace, Sampler } from "../../src/engine/pace";
import { Rate } from "../../src/engine/rate";

test("a rate is the simplest fraction that is the number", () => {
  for (const [fps, numerator, denominator] of [[5, 5, 1], [12.5, 25, 2], [25 / 3, 25, 3], [30000 / 1001, 30000, 1001]]) {
    const rate = Rate.of(fps!);
    assert.deepEqual([rate.numerator, rate.denominator], [numerator, denominator]);
  }
});

test("whole frames are counted exactly, after a year too", () => {
  const rate = Rate.of(25 / 3);
  assert.equal(rate.frames(119_999), 0);
  assert.equal(rate.frames(120_000), 1);
  const year = 365 * 86_400 * 1_000_000;
  assert.equal(rate.frames(year), (year / 1e6 / 3) * 25);
  assert.equal(rate.frames(year - 1), (year / 1e6 / 3) * 25 - 1);
});

test("the first frame of each interval is taken", () => {
  const sampler = new Sampler(Rate.of(5));
  const times = Array.from({ length: 31 }, (_, index) => microseconds(7 + (index * 1001) / 30000));
  const taken = times.flatMap((time, index) => (sampler.takes(time) ? [index] : []));
  assert.deepEqual(taken, [0, 6, 12, 18, 24, 30]);
  assert.ok(sampler.next() > times[29]!);
});

test("a slow source gives each frame once", () => {
  const pace = new Pace(Rate.of(5), 50);
  const taken = [0, 1, 2, 3].map((second) => pace.take(microseconds(second)));
  assert.deepEqual(taken.map((moment) => moment?.fresh), [true, false, false, false]);
});

test("a gap longer than the horizon begins anew", () => {
  const pace = new Pace(Rate.of(5), 10);
  assert.equal(pace.take(0)?.fresh, true);
  assert.equal(pace.take(microseconds(2))?.fresh, false);
  assert.equal(pace.take(microseconds(4.000001))?.fresh, true);
  const endless = new Pace(Rate.of(5), null);
  endless.take(0);
  assert.equal(endless.take(microseconds(1e6))?.fresh, false);
});

test("a clock that is set back leaves a seam of a tick", () => {
  const clock = new Clock();
  assert.deepEqual([10, 20, 5, 15, 18, 40].map((raw) => clock.read(raw)), [10, 20, 21, 31, 34, 40]);
});
