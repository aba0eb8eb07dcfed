/**
 * The memory horizon: a stream averages over its last N frames and not over all since its start.
 * The same as `movinet.stream.horizon`, to the bit: a ring holds what each frame added to the sums.
 */
import { elements, filled, liveStates, type Contract, type StatePair } from "./contract";
import type { State } from "./state";

export class Horizon<T> {
  private readonly sums: StatePair[];
  private readonly counts: StatePair[];
  private readonly frames: number | null;
  private ring: Float32Array[] = [];
  private before: Float32Array;
  /** Frames that the stream has seen. */
  seen = 0;

  /** `frames`: how many are remembered; null: all, as published. */
  constructor(
    contract: Contract,
    private readonly state: State<T>,
    frames: number | null,
  ) {
    const live = liveStates(contract);
    this.sums = live.filter((pair) => pair.kind === "pool_buffer");
    this.counts = live.filter((pair) => pair.kind === "frame_count");
    this.frames = this.sums.length > 0 ? frames : null;
    this.before = this.readSums();
  }

  /** Begin anew. */
  reset(): void {
    this.state.reset();
    this.ring = [];
    this.seen = 0;
    this.before = this.readSums();
  }

  /** One step; gives the logits. */
  async step(image: T): Promise<Float32Array> {
    const { frames, before } = this;
    if (frames === null) {
      this.seen++;
      return this.state.step(image);
    }
    const place = this.seen % frames;
    if (this.seen >= frames) {
      const oldest = this.ring[place]!;
      for (let index = 0; index < before.length; index++) before[index]! -= oldest[index]!;
      this.writeSums(before);
      for (const count of this.counts) this.state.write(count, filled(count, frames - 1));
    }
    const logits = await this.state.step(image);
    const after = this.readSums();
    this.ring[place] = after.map((value, index) => value - before[index]!);
    this.before = after;
    this.seen++;
    return logits;
  }

  /** The sums one behind the other. */
  private readSums(): Float32Array {
    const width = this.sums.reduce((sum, pair) => sum + elements(pair.shape), 0);
    const all = new Float32Array(width);
    let start = 0;
    for (const pair of this.sums) {
      all.set(this.state.read(pair), start);
      start += elements(pair.shape);
    }
    return all;
  }

  private writeSums(all: Float32Array): void {
    let start = 0;
    for (const pair of this.sums) {
      const end = start + elements(pair.shape);
      this.state.write(pair, all.slice(start, end));
      start = end;
    }
  }
}
