/**
 * Times are whole microseconds on any clock that goes forward: what Python rounds floats to, and
 * exact in a JavaScript number for 285 years.
 */
export type Microseconds = number;

/** Seconds in whole microseconds. */
export function microseconds(seconds: number): Microseconds {
  return Math.round(seconds * 1e6);
}

/** Makes times increase strictly; the same as `movinet.frames.Clock` with a tick of 1 µs. */
export class Clock {
  private last: Microseconds | null = null;
  private offset = 0;

  /** The time to use for a frame whose timestamp is `raw`. */
  read(raw: Microseconds): Microseconds {
    let time = raw;
    if (this.last === null || raw > this.last) {
      this.offset = 0;
    } else {
      time = raw + this.offset;
      if (time <= this.last || raw > this.last - 1) {
        time = this.last + 1;
        this.offset = time - raw;
      }
    }
    this.last = time;
    return time;
  }
}
