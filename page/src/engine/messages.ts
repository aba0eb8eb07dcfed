/** What the page and its worker say to each other. */
import type { Contract } from "./contract";
import type { Scores } from "./engine";
import type { Picture } from "./resize";

/** A picture on its way to the worker: as the browser holds it, or as plain bytes. */
export type Frame = ImageBitmap | VideoFrame | Picture;

export type ToWorker =
  | { type: "load"; file: string; contract: Contract; horizon: number | null; cuts: boolean }
  | { type: "frame"; frame: Frame; fresh: boolean; echo: boolean }
  | { type: "reset" };

/** Milliseconds that a frame took. */
export interface Cost {
  /** To get at its bytes and resize them. */
  picture: number;
  /** In the network, with the state around it. */
  network: number;
}

export type FromWorker =
  | { type: "ready" }
  | ({ type: "scores"; cost: Cost; small: Uint8Array | null } & Scores)
  | { type: "failed"; message: string };
