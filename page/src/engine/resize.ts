/**
 * The one resize rule: half-pixel bilinear without antialiasing, rounded to whole grey levels.
 * The same bytes as `movinet.frames.Resizer`: every step is rounded to float32 as it is there.
 */

/** A picture as a canvas gives it: four bytes a pixel, of which the fourth is not looked at. */
export interface Picture {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

interface Axis {
  low: Int32Array;
  high: Int32Array;
  weight: Float32Array;
}

/** For places first .. first+count-1 of an axis resized from `source` to `target`. */
function axis(source: number, target: number, first: number, count: number): Axis {
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const weight = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    const place = (first + index + 0.5) * (source / target) - 0.5;
    const clipped = Math.min(Math.max(place, 0), source - 1);
    low[index] = Math.floor(clipped);
    high[index] = Math.min(low[index]! + 1, source - 1);
    weight[index] = clipped - low[index]!;
  }
  return { low, high, weight };
}

/** Brings pictures of any size to one size, RGB. */
export class Resizer {
  private planned: { width: number; height: number; rows: Axis; columns: Axis } | null = null;
  private readonly out: Uint8Array;

  /** `stretch` ignores the shape; `center` cuts the centre out of the longer side. */
  constructor(
    readonly height: number,
    readonly width: number,
    readonly rule: "stretch" | "center",
  ) {
    this.out = new Uint8Array(height * width * 3);
  }

  /** `[height, width, 3]`; valid until the next call. */
  resize(picture: Picture): Uint8Array {
    const { data, width, height } = picture;
    if (this.planned?.width !== width || this.planned.height !== height) {
      this.planned = { width, height, ...this.plan(height, width) };
    }
    const { rows, columns } = this.planned;
    const out = this.out;
    const fround = Math.fround;
    let place = 0;
    for (let y = 0; y < this.height; y++) {
      const upper = rows.low[y]! * width;
      const lower = rows.high[y]! * width;
      const down = rows.weight[y]!;
      for (let x = 0; x < this.width; x++) {
        const left = columns.low[x]!;
        const right = columns.high[x]!;
        const across = columns.weight[x]!;
        const a = (upper + left) * 4;
        const b = (upper + right) * 4;
        const c = (lower + left) * 4;
        const d = (lower + right) * 4;
        for (let channel = 0; channel < 3; channel++) {
          const first = data[a + channel]!;
          const second = data[b + channel]!;
          const start = fround(fround((data[c + channel]! - first) * down) + first);
          const end = fround(fround((data[d + channel]! - second) * down) + second);
          const mixed = fround(fround(fround(end - start) * across) + start);
          out[place++] = fround(mixed + 0.5);
        }
      }
    }
    return out;
  }

  private plan(height: number, width: number): { rows: Axis; columns: Axis } {
    let targetHeight = this.height;
    let targetWidth = this.width;
    if (this.rule === "center") {
      // The larger of two fractions, and products of it cut off to whole numbers, exactly.
      const tall = this.height * width >= this.width * height;
      const [over, under] = tall ? [this.height, height] : [this.width, width];
      targetHeight = Math.max(this.height, Math.floor((height * over) / under));
      targetWidth = Math.max(this.width, Math.floor((width * over) / under));
    }
    const top = Math.floor((targetHeight - this.height) / 2);
    const left = Math.floor((targetWidth - this.width) / 2);
    return {
      rows: axis(height, targetHeight, top, this.height),
      columns: axis(width, targetWidth, left, this.width),
    };
  }
}

/** What each byte becomes in a network's range of values, in float32 steps as in Python. */
export function valueTable([low, high]: readonly [number, number]): Float32Array {
  const table = new Float32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = Math.fround(byte / 255);
    if (low !== 0 || high !== 1) {
      value = Math.fround(value * Math.fround(high - low));
      value = Math.fround(value + Math.fround(low));
    }
    table[byte] = value;
  }
  return table;
}
