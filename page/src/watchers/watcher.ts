/** Whoever looks at frames and says what they show: the model here, or the server. */
import type { Microseconds } from "../engine/clock";
import type { ActionEvent } from "../engine/events";
import type { Cost, Frame } from "../engine/messages";
import type { Moment } from "../engine/pace";
import type { Category } from "../engine/scores";

/** What is said to one frame. */
export interface Answer {
  time: Microseconds;
  /** How many frames were seen before this one since the stream began. */
  index: number;
  /** How many frames the answer speaks of. */
  memory: number;
  /** The best classes, best first. */
  top: Category[];
  /** What has begun or ended with this frame. */
  events: ActionEvent[];
  /** Milliseconds from handing the frame over to the answer. */
  milliseconds: number;
  /** What of that the picture and the network took; null where it ran elsewhere. */
  cost: Cost | null;
  /** Every class; null where only the best are known. */
  scores: Float32Array | null;
  /** The frame as the model saw it, where that was asked for. */
  small: Uint8Array | null;
}

export interface Watcher {
  /** Frames that may be on their way at once. */
  readonly lanes: number;
  /** Frames that the stream remembers. */
  readonly horizon: number;
  /** Resolves when frames can be given. */
  open(): Promise<void>;
  /** Null: the frame was overtaken by a newer one. */
  watch(frame: Frame, moment: Moment): Promise<Answer | null>;
  /** The stream is over: the ends of what goes on. */
  finish(): Promise<ActionEvent[]>;
  close(): void;
}

/** How a stream is watched. */
export interface WatchOptions {
  /** How many classes an answer names. */
  top: number;
  /** Find events, with their short memory; else scores speak of the model's whole horizon. */
  events: boolean;
  /** Hand back each frame as the model saw it. */
  echo?: boolean;
}
