/** Where a film goes on with another picture, by its colours. The rule of `movinet.stream.cuts`. */

/** Of each colour so many shades, and of the picture every second pixel of every second row. */
const BITS = 3;
const EVERY = 2;
/** The part of the pixels whose colour has no counterpart in the picture before. */
const OTHER = 0.5;

export class Cuts {
  private before: Int32Array | null = null;

  /** Whether there is a cut between the last picture and this one, `[height, width, 3]`. */
  between(picture: Uint8Array, width: number, height: number): boolean {
    const counts = new Int32Array(1 << (3 * BITS));
    const drop = 8 - BITS;
    let pixels = 0;
    for (let row = 0; row < height; row += EVERY) {
      for (let column = 0; column < width; column += EVERY) {
        const at = 3 * (row * width + column);
        const red = picture[at]! >> drop;
        const green = picture[at + 1]! >> drop;
        const blue = picture[at + 2]! >> drop;
        counts[(red << (2 * BITS)) | (green << BITS) | blue]!++;
        pixels++;
      }
    }
    const { before } = this;
    this.before = counts;
    if (!before) return false;
    const alike = counts.reduce((sum, count, shade) => sum + Math.min(count, before[shade]!), 0);
    return alike < (1 - OTHER) * pixels;
  }
}
