import assert from "node:assert/strict";
import { test } from "node:test";
import type { NumberArray } from "../../src/engine/contract";
import { Horizon } from "../../src/engine/horizon";
import type { Runner } from "../../src/engine/runner";
import { State } from "../../src/engine/state";
import { contract, state } from "./contracts";

interface Cell {
  values: NumberArray;
  freed: boolean;
}
type Network = (input: (name: string) => number) => Record<string, number>;

/** A runner in plain JavaScript, which knows who holds what. */
class FakeRunner implements Runner<Cell> {
  readonly cells: Cell[] = [];

  constructor(private readonly network: Network) {}

  make(values: NumberArray): Cell {
    const cell = { values: values.slice(), freed: false };
    this.cells.push(cell);
    return cell;
  }
  read(cell: Cell): NumberArray {
    assert.ok(!cell.freed);
    return cell.values.slice();
  }
  free(cell: Cell): void {
    assert.ok(!cell.freed, "freed twice");
    cell.freed = true;
  }
  async run(inputs: ReadonlyMap<string, Cell>): Promise<Map<string, Cell>> {
    const outputs = this.network((name) => this.read(inputs.get(name)!)[0]!);
    return new Map(
      Object.entries(outputs).map(([name, value]) => [name, this.make(Float32Array.of(value))]),
    );
  }
  get held(): number {
    return this.cells.filter((cell) => !cell.freed).length;
  }
}

test("a delay line moves on, and what passes through is left alone", async () => {
  const info = contract({
    states: [
      state("past_0", { output: null, moves_from: "past_1" }),
      state("past_1", { output: "newest", zero: 3 }),
      state("idle", { passed_through: true, zero: -128 }),
    ],
  });
  const seen: number[][] = [];
  const runner = new FakeRunner((input) => {
    seen.push([input("past_0"), input("past_1"), input("idle")]);
    return { newest: input("image"), idle: 99, logits: input("image") };
  });
  const stream = new State(info, runner);
  for (const value of [10, 20, 30]) {
    const logits = await stream.step(runner.make(Float32Array.of(value)));
    assert.deepEqual([...logits], [value]);
    assert.equal(runner.held, 3);
  }
  assert.deepEqual(seen, [[0, 3, -128], [3, 10, -128], [10, 20, -128]]);
  stream.reset();
  assert.deepEqual(stream.read(info.states[1]!), Float32Array.of(3));
  stream.clear();
  assert.equal(runner.held, 0);
});

test("only the last frames count", async () => {
  const info = contract({
    states: [
      state("head_pool_buffer", { kind: "pool_buffer" }),
      state("head_frame_count", { kind: "frame_count", dtype: "int32" }),
    ],
  });
  const runner = new FakeRunner((input) => {
    const sum = input("head_pool_buffer") + input("image");
    const count = input("head_frame_count") + 1;
    return { head_pool_buffer: sum, head_frame_count: count, logits: sum / count };
  });
  const horizon = new Horizon(info, new State(info, runner), 3);
  const means: number[] = [];
  for (const value of [1, 2, 3, 4, 5, 60]) {
    means.push((await horizon.step(runner.make(Float32Array.of(value))))[0]!);
  }
  assert.deepEqual(means, [1, 1.5, 2, 3, 4, 23]);
  assert.equal(horizon.seen, 6);
  horizon.reset();
  assert.equal((await horizon.step(runner.make(Float32Array.of(8))))[0], 8);
  assert.equal(horizon.seen, 1);
});

test("without a horizon all frames count", async () => {
  const info = contract({ states: [state("head_pool_buffer", { kind: "pool_buffer" })] });
  const runner = new FakeRunner((input) => {
    const sum = input("head_pool_buffer") + input("image");
    return { head_pool_buffer: sum, logits: sum };
  });
  const horizon = new Horizon(info, new State(info, runner), null);
  for (const value of [1, 2, 3]) await horizon.step(runner.make(Float32Array.of(value)));
  assert.equal((await horizon.step(runner.make(Float32Array.of(4))))[0], 10);
});
