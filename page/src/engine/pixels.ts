/** The bytes of a picture that the browser holds. */
import type { Frame } from "./messages";
import type { Picture } from "./resize";

let canvas: OffscreenCanvas | null = null;
let context: OffscreenCanvasRenderingContext2D | null = null;

/** Draw a frame and read it back; the frame is closed. */
export function readPixels(frame: Frame): Picture {
  if ("data" in frame) return frame;
  const width = "displayWidth" in frame ? frame.displayWidth : frame.width;
  const height = "displayHeight" in frame ? frame.displayHeight : frame.height;
  if (canvas?.width !== width || canvas.height !== height || !context) {
    canvas = new OffscreenCanvas(width, height);
    context = canvas.getContext("2d", { willReadFrequently: true, alpha: false });
    if (!context) throw new Error("this browser gives no canvas to a worker");
  }
  context.drawImage(frame, 0, 0, width, height);
  frame.close();
  return context.getImageData(0, 0, width, height);
}
