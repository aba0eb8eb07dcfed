import assert from "node:assert/strict";
import { test } from "node:test";
import type { Picture } from "../../src/engine/resize";
import { Latest } from "../../src/sources/latest";
import { frameMessage } from "../../src/watchers/jpeg";
import type { Answer, Watcher } from "../../src/watchers/watcher";

const frame: Picture = { data: new Uint8Array(4), width: 1, height: 1 };

test("while one is watched, the newest waits and the others are left out", async () => {
  const watched: [number, boolean][] = [];
  let free: (() => void)[] = [];
  const watcher: Watcher = {
    lanes: 1,
    horizon: 10,
    open: async () => {},
    finish: async () => [],
    close: () => {},
    watch: (_, { time, fresh }) => {
      watched.push([time, fresh]);
      return new Promise((resolve) => free.push(() => resolve({ time } as Answer)));
    },
  };
  const answered: number[] = [];
  const latest = new Latest(watcher, ({ time }) => answered.push(time), assert.ifError);
  latest.push(frame, { time: 1, fresh: true });
  latest.push(frame, { time: 2, fresh: true });
  latest.push(frame, { time: 3, fresh: false });
  latest.push(frame, { time: 4, fresh: false });
  for (let turn = 0; turn < 3; turn++) {
    for (const go of free.splice(0)) go();
    await new Promise((resolve) => setTimeout(resolve));
  }
  // The stream was to begin anew with 2, which nobody watched: it begins anew with 4.
  assert.deepEqual(watched, [[1, true], [4, true]]);
  assert.deepEqual(answered, [1, 4]);
  assert.equal(latest.dropped, 2);
});

test("a message is the time in seconds and the picture", () => {
  const message = frameMessage(1.5, Uint8Array.of(255, 216).buffer);
  assert.equal(new DataView(message).getFloat64(0, true), 1.5);
  assert.deepEqual([...new Uint8Array(message, 8)], [255, 216]);
});
