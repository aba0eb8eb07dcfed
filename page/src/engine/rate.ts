/** A frame rate as an exact fraction: JSON has 8.333333333333334 where the model means 25/3. */
export class Rate {
  private constructor(
    readonly numerator: number,
    readonly denominator: number,
  ) {}

  /** The simplest fraction that is this number, as far as a float can tell. */
  static of(fps: number): Rate {
    let [p0, q0, p1, q1] = [0, 1, 1, 0];
    let rest = fps;
    for (let step = 0; step < 32; step++) {
      const whole = Math.floor(rest);
      [p0, q0, p1, q1] = [p1, q1, whole * p1 + p0, whole * q1 + q0];
      if (Math.abs(fps - p1 / q1) <= 1e-12 * fps) break;
      rest = 1 / (rest - whole);
    }
    return new Rate(p1, q1);
  }

  /** How many whole frames fit into a time. */
  frames(microseconds: number): number {
    const ticks = BigInt(microseconds) * BigInt(this.numerator);
    return Number(ticks / BigInt(this.denominator * 1_000_000));
  }

  /** Microseconds that so many frames last; not rounded. */
  duration(frames: number): number {
    return (frames * this.denominator * 1_000_000) / this.numerator;
  }
}
