/** One stream on one loaded model: pictures in, scores out. */
import type { Contract } from "./contract";
import { Cuts } from "./cuts";
import { Horizon } from "./horizon";
import { Resizer, valueTable, type Picture } from "./resize";
import type { Runner } from "./runner";
import { softmax } from "./scores";
import { State } from "./state";

/** What the model says after a frame. */
export interface Scores {
  scores: Float32Array;
  /** How many frames the model had seen before this one since the stream began. */
  index: number;
  /** How many frames the scores speak of. */
  memory: number;
}

export class Engine<T> {
  private readonly resizer: Resizer;
  private readonly table: Float32Array;
  private readonly state: State<T>;
  private readonly horizon: Horizon<T>;
  private readonly cuts: Cuts | null;
  /** Frames before the last cut. */
  private cutOff = 0;

  /**
   * `horizon`: frames that are remembered; null: all. `cuts`: empty the memory where a film is cut,
   * for events, which mixtures of two scenes would spoil.
   */
  constructor(
    private readonly contract: Contract,
    private readonly runner: Runner<T>,
    private readonly frames: number | null,
    cuts: boolean,
  ) {
    if (contract.form === "base") throw new Error(`${contract.name} takes whole clips, not frames`);
    this.resizer = new Resizer(...contract.size, contract.resize);
    this.table = valueTable(contract.value_range);
    this.state = new State(contract, runner);
    this.horizon = new Horizon(contract, this.state, frames);
    this.cuts = cuts ? new Cuts() : null;
  }

  /** Begin anew. */
  reset(): void {
    this.horizon.reset();
    this.cutOff = 0;
  }

  /** The picture as the model sees it, `[height, width, 3]`; valid until the next one. */
  resize(picture: Picture): Uint8Array {
    return this.resizer.resize(picture);
  }

  /** One frame of the model's size. */
  async step(small: Uint8Array): Promise<Scores> {
    const values = new Float32Array(small.length);
    for (let place = 0; place < values.length; place++) values[place] = this.table[small[place]!]!;
    const [height, width] = this.contract.size;
    if (this.cuts?.between(small, width, height) && this.horizon.seen > 0) {
      this.cutOff += this.horizon.seen;
      this.horizon.reset();
    }
    const index = this.cutOff + this.horizon.seen;
    const logits = await this.horizon.step(this.runner.make(values, this.contract.image));
    const memory = Math.min(this.horizon.seen, this.frames ?? Infinity);
    return { scores: softmax(logits, this.contract.temperature), index, memory };
  }

  /** Give the memory of the stream back. */
  close(): void {
    this.state.clear();
  }
}
