/** Frames as JPEG, for the server. */
import type { Frame } from "../engine/messages";

/** The longer side of what is sent, in pixels: more than any model sees. */
const LONGEST = 640;
const QUALITY = 0.92;

/** A frame as JPEG; the frame is closed. */
export async function toJpeg(frame: Frame): Promise<ArrayBuffer> {
  const source = "data" in frame ? await bitmapOf(frame) : frame;
  const width = "displayWidth" in source ? source.displayWidth : source.width;
  const height = "displayHeight" in source ? source.displayHeight : source.height;
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const canvas = new OffscreenCanvas(
    Math.max(1, Math.round(width * scale)),
    Math.max(1, Math.round(height * scale)),
  );
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) throw new Error("this browser gives no canvas");
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  source.close();
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return blob.arrayBuffer();
}

function bitmapOf({ data, width, height }: Extract<Frame, { data: unknown }>): Promise<ImageBitmap> {
  return createImageBitmap(new ImageData(new Uint8ClampedArray(data), width, height));
}

/** A message of the stream: the time in seconds, then the picture. */
export function frameMessage(seconds: number, jpeg: ArrayBuffer): ArrayBuffer {
  const message = new ArrayBuffer(8 + jpeg.byteLength);
  new DataView(message).setFloat64(0, seconds, true);
  new Uint8Array(message, 8).set(new Uint8Array(jpeg));
  return message;
}
