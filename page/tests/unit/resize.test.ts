import assert from "node:assert/strict";
import { test } from "node:test";
import { Resizer, valueTable } from "../../src/engine/resize";

/** A picture of one channel's worth of numbers, with an alpha that is not to be looked at. */
function picture(rows: number[][]): { data: Uint8Array; width: number; height: number } {
  const flat = rows.flat().flatMap((value) => [value, value, 255 - value, 7]);
  return { data: Uint8Array.from(flat), width: rows[0]!.length, height: rows.length };
}

test("a picture of the model's size stays as it is", () => {
  const small = new Resizer(2, 2, "stretch").resize(picture([[1, 2], [3, 4]]));
  assert.deepEqual([...small], [1, 1, 254, 2, 2, 253, 3, 3, 252, 4, 4, 251]);
});

test("pixels have their centres at halves", () => {
  const larger = new Resizer(1, 4, "stretch").resize(picture([[0, 100]]));
  assert.deepEqual([...larger].filter((_, place) => place % 3 === 0), [0, 25, 75, 100]);
});

test("shrinking looks at two pixels a side and rounds", () => {
  const smaller = new Resizer(1, 1, "stretch").resize(picture([[0, 10, 21, 90]]));
  assert.equal(smaller[0], 16);
});

test("center cuts the centre out of the longer side", () => {
  const cut = new Resizer(2, 2, "center").resize(picture([[9, 1, 2, 9], [9, 3, 4, 9]]));
  assert.deepEqual([...cut].filter((_, place) => place % 3 === 0), [1, 2, 3, 4]);
  const tall = new Resizer(2, 2, "center").resize(picture([[9, 9], [1, 2], [3, 4], [9, 9]]));
  assert.deepEqual([...tall].filter((_, place) => place % 3 === 0), [1, 2, 3, 4]);
});

test("values go to the network's range", () => {
  assert.equal(valueTable([0, 1])[255], 1);
  assert.equal(valueTable([-1, 1])[0], -1);
  assert.equal(valueTable([-1, 1])[255], 1);
  assert.equal(valueTable([0, 1])[1], Math.fround(1 / 255));
});
