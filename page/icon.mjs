// The icon as a PNG: three figures of one movement, each later one stronger.
import { deflateSync } from "node:zlib";

const BACK = [20, 24, 36];
const BARS = [
  { x: 0.27, height: 0.22, colour: [76, 110, 245] },
  { x: 0.42, height: 0.36, colour: [59, 150, 240] },
  { x: 0.57, height: 0.5, colour: [32, 190, 220] },
  { x: 0.72, height: 0.3, colour: [18, 214, 178] },
];

/** How much of a rounded bar covers a point, 0 or 1. */
function covered(px, py, { x, height }) {
  const radius = 0.048;
  const reach = Math.max(0, height / 2 - radius);
  const dy = Math.max(0, Math.abs(py - 0.5) - reach);
  return Math.hypot(px - x, dy) <= radius ? 1 : 0;
}

function crc(bytes) {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc(body), body.length + 4);
  return framed;
}

/** A square PNG of `size` pixels. */
export function drawIcon(size) {
  const rows = Buffer.alloc(size * (1 + size * 3));
  const samples = 3;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const sum = [0, 0, 0];
      for (let sub = 0; sub < samples * samples; sub++) {
        const px = (x + ((sub % samples) + 0.5) / samples) / size;
        const py = (y + (Math.floor(sub / samples) + 0.5) / samples) / size;
        const bar = BARS.find((one) => covered(px, py, one));
        (bar?.colour ?? BACK).forEach((value, channel) => (sum[channel] += value));
      }
      const place = y * (1 + size * 3) + 1 + x * 3;
      for (let channel = 0; channel < 3; channel++) {
        rows[place + channel] = Math.round(sum[channel] / samples ** 2);
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
