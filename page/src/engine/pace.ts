/** Which frames a model takes: the first in each interval of 1/fps seconds. */
import { Clock, type Microseconds } from "./clock";
import type { Rate } from "./rate";

/** A frame that is taken. */
export interface Moment {
  time: Microseconds;
  /** The stream begins anew with it. */
  fresh: boolean;
}

/** As `movinet.frames.Sampler`: intervals are counted from the first frame. */
export class Sampler {
  private origin: Microseconds | null = null;
  private taken = -1;

  constructor(private readonly rate: Rate) {}

  /** Whether the next frame is to be taken. Times must not decrease. */
  takes(time: Microseconds): boolean {
    this.origin ??= time;
    const number = this.rate.frames(time - this.origin);
    if (number <= this.taken) return false;
    this.taken = number;
    return true;
  }

  /** When the interval behind the last taken frame begins. */
  next(): Microseconds {
    return (this.origin ?? 0) + Math.ceil(this.rate.duration(this.taken + 1));
  }
}

/** As `movinet.Stream` treats times: mended, sampled, and begun anew after a long gap. */
export class Pace {
  private clock = new Clock();
  private sampler: Sampler;
  private last: Microseconds | null = null;
  private fresh = true;
  private readonly gap: number | null;

  /** `horizon`: frames that the stream remembers; null: endlessly. */
  constructor(
    private readonly rate: Rate,
    horizon: number | null,
  ) {
    this.sampler = new Sampler(rate);
    this.gap = horizon === null ? null : rate.duration(horizon);
  }

  /** Forget everything: the next frame begins the stream. */
  reset(): void {
    this.clock = new Clock();
    this.sampler = new Sampler(this.rate);
    this.last = null;
    this.fresh = true;
  }

  /** The frame at `raw`, if it is taken. */
  take(raw: Microseconds): Moment | null {
    let time = this.clock.read(raw);
    if (this.gap !== null && this.last !== null && time - this.last > this.gap) {
      this.reset();
      time = this.clock.read(raw);
    }
    this.last = time;
    if (!this.sampler.takes(time)) return null;
    const moment = { time, fresh: this.fresh };
    this.fresh = false;
    return moment;
  }

  /** No frame before this time will be taken. */
  next(): Microseconds {
    return this.sampler.next();
  }
}
