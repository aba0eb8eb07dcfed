import assert from "node:assert/strict";
import { test } from "node:test";
import { Cuts } from "../../src/engine/cuts";
import { EVENT_OPTIONS, EventDetector, memoryFrames } from "../../src/engine/events";
import { softmax, topCategories } from "../../src/engine/scores";
import { Verdict } from "../../src/verdict";
import type { Answer } from "../../src/watchers/watcher";
import { contract } from "./contracts";

test("scores add up to 1 for logits of any size", () => {
  const scores = softmax(Float32Array.of(1000, 1000, -1000));
  assert.deepEqual([...scores], [0.5, 0.5, 0]);
  const warm = softmax(Float32Array.of(0, 2), 2);
  assert.ok(Math.abs(warm[1]! - 1 / (1 + Math.exp(-1))) < 1e-6);
});

test("equal scores stay in the order of the classes", () => {
  const top = topCategories(Float32Array.of(0.2, 0.4, 0.4), contract(), 2);
  assert.deepEqual(top.map(({ label }) => label), ["waving", "jumping"]);
  const unnamed = topCategories(Float32Array.of(0.9, 0.1), contract({ labels: null }), 1);
  assert.equal(unnamed[0]!.label, "0");
});

test("halves of frames go to the even number, as in Python", () => {
  const options = (memory: number): typeof EVENT_OPTIONS => ({ ...EVENT_OPTIONS, memory });
  assert.equal(memoryFrames(options(2), 5, 50), 10);
  assert.equal(memoryFrames(options(0.5), 5, 50), 2);
  assert.equal(memoryFrames(options(0.7), 5, 50), 4);
  assert.equal(memoryFrames(options(0.01), 5, 50), 1);
  assert.equal(memoryFrames(options(60), 5, 50), 50);
});

test("an event is told when it has lasted, and when it has ended", () => {
  // A memory of one frame is always full. Above 0.5 there are 0.2 s each of 0.6, 0.4 and 0.4.
  const options = { ...EVENT_OPTIONS, minimum: 0.28, memory: 0.2 };
  const detector = new EventDetector(contract(), options);
  const told = [];
  const waving = [0.1, 0.6, 0.8, 0.7, 0.7, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1];
  for (const [index, score] of waving.entries()) {
    const rest = (1 - score) / 2;
    const events = detector.push(Float32Array.of(rest, score, rest), index * 200_000, index, 1);
    told.push(...events.filter((event) => event.index === 1).map((event) => ({ frame: index, ...event })));
  }
  assert.deepEqual(
    told.map(({ frame, start, end }) => [frame, start, end]),
    [[4, 200_000, null], [11, 200_000, 1_000_000]],
  );
  assert.ok(Math.abs(told[1]!.peak - 0.8) < 1e-6);
});

test("a background is no event, and a stream that begins anew ends what went on", () => {
  const detector = new EventDetector(contract({ background: "still" }), { ...EVENT_OPTIONS, memory: 0.2 });
  const still = Float32Array.of(0.9, 0.1, 0);
  for (let index = 0; index < 9; index++) assert.deepEqual(detector.push(still, index * 200_000, index, 1), []);
  const jumping = Float32Array.of(0.1, 0, 0.9);
  for (let index = 9; index < 19; index++) detector.push(jumping, index * 200_000, index, 1);
  const told = detector.push(still, 60_000_000, 0, 1);
  assert.deepEqual(told.map(({ label, end }) => [label, end]), [["jumping", 3_600_000]]);
  assert.deepEqual(detector.finish(), []);
});

test("a short video is its last answer, a long one the mean over whole horizons", () => {
  const answer = (index: number, memory: number, ...scores: number[]): Answer => ({
    time: index,
    index,
    memory,
    top: topCategories(Float32Array.from(scores), contract(), 3),
    events: [],
    milliseconds: 1,
    cost: null,
    scores: Float32Array.from(scores),
    small: null,
  });
  const verdict = new Verdict(2);
  const label = String;
  assert.equal(verdict.best(), null);
  verdict.add(answer(0, 1, 1, 0, 0), label);
  verdict.add(answer(1, 2, 0, 1, 0), label);
  assert.equal(verdict.best()?.index, 1);
  verdict.add(answer(2, 2, 0.9, 0.1, 0), label);
  // 0.45 and 0.55: the first answer, of one frame, does not count.
  assert.equal(verdict.best()?.index, 1);
});

test("a cut is seen by its colours, and motion is none", () => {
  const picture = (low: number, shift = 0): Uint8Array =>
    Uint8Array.from({ length: 3 * 24 * 32 }, (_, at) => low + (((at + 3 * shift) * 7919) % 96));
  const cuts = new Cuts();
  assert.equal(cuts.between(picture(0), 32, 24), false);
  assert.equal(cuts.between(picture(0, 5), 32, 24), false);
  assert.equal(cuts.between(picture(160), 32, 24), true);
  assert.equal(cuts.between(picture(160, 9), 32, 24), false);
});
