/** The model on the server: frames go out over a WebSocket, answers come back. */
import { microseconds } from "../engine/clock";
import { EVENT_OPTIONS, memoryFrames, type ActionEvent } from "../engine/events";
import type { ModelEntry } from "../engine/contract";
import type { Frame } from "../engine/messages";
import type { Moment } from "../engine/pace";
import type { Category } from "../engine/scores";
import { frameMessage, toJpeg } from "./jpeg";
import { Unreachable } from "./unreachable";
import type { Answer, Watcher, WatchOptions } from "./watcher";

type FromServer =
  | { type: "ready"; model: string; fps: number; size: [number, number]; horizon: number }
  | { type: "prediction"; time: number; index: number; memory: number; top: Category[]; dropped: number }
  | {
      type: "event";
      event: "begin" | "end";
      label: string;
      index: number;
      start: number;
      end: number | null;
      peak: number;
    }
  | { type: "error"; message: string };

interface Sent {
  time: number;
  begun: number;
  resolve(answer: Answer | null): void;
  reject(error: Error): void;
}

/** A frame that has no answer after so long will get none. */
const PATIENCE = 5000;
/** A server that says nothing for so long, while frames wait, has gone. */
const SILENCE = 15_000;

export class There implements Watcher {
  readonly lanes = 3;
  readonly horizon: number;
  private socket: WebSocket | null = null;
  private ready: { resolve(): void; reject(error: Error): void } | null = null;
  private sent: Sent[] = [];
  private events: ActionEvent[] = [];
  private ended: (() => void) | null = null;
  private begun = false;
  /** When the first frame was sent since the server said anything; null: none was. */
  private waiting: number | null = null;
  private failure: Error | null = null;

  constructor(
    private readonly model: ModelEntry,
    private readonly options: WatchOptions,
    private readonly base = document.baseURI,
  ) {
    const { fps, horizon } = model.contract;
    this.horizon = options.events ? memoryFrames(EVENT_OPTIONS, fps, horizon) : horizon;
  }

  open(): Promise<void> {
    const address = new URL("v1/stream", this.base);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = (this.socket = new WebSocket(address));
    socket.onopen = () => {
      const { top, events } = this.options;
      const start = { type: "start", model: this.model.name, top };
      socket.send(JSON.stringify({ ...start, events: events ? EVENT_OPTIONS : null }));
    };
    socket.onmessage = (event) => this.receive(JSON.parse(event.data) as FromServer);
    socket.onclose = ({ reason, code }) => this.fail(new Unreachable(reason || String(code)));
    return new Promise((resolve, reject) => {
      this.ready = { resolve, reject };
    });
  }

  async watch(frame: Frame, { time, fresh }: Moment): Promise<Answer | null> {
    const begun = performance.now();
    const jpeg = await toJpeg(frame);
    const socket = this.socket;
    if (!socket) throw this.failure ?? new Error("closed");
    if (fresh && this.begun) socket.send(JSON.stringify({ type: "reset" }));
    this.begun = true;
    return new Promise((resolve, reject) => {
      const sent = { time, begun, resolve, reject };
      this.sent.push(sent);
      socket.send(frameMessage(time / 1e6, jpeg));
      this.waiting ??= performance.now();
      setTimeout(() => this.late(sent), PATIENCE);
    });
  }

  /** Asks for the ends of events; the server closes then. */
  async finish(): Promise<ActionEvent[]> {
    const socket = this.socket;
    if (socket?.readyState === WebSocket.OPEN) {
      const closed = new Promise<void>((resolve) => (this.ended = resolve));
      socket.send(JSON.stringify({ type: "stop" }));
      const late = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE));
      await Promise.race([closed, late]);
    }
    return this.events.splice(0);
  }

  close(): void {
    this.socket?.close(1000);
    this.fail(new Error("closed"));
  }

  private late(sent: Sent): void {
    if (this.waiting !== null && performance.now() - this.waiting >= SILENCE) {
      this.fail(new Unreachable("silence"));
    } else this.give(sent, null);
  }

  private receive(message: FromServer): void {
    this.waiting = null;
    if (message.type === "ready") {
      this.ready?.resolve();
    } else if (message.type === "prediction") {
      this.predict(message);
    } else if (message.type === "event") {
      const { label, index, start, end, peak } = message;
      const over = message.event === "end" && end !== null;
      this.events.push({
        label,
        index,
        start: microseconds(start),
        end: over ? microseconds(end) : null,
        peak,
      });
    } else {
      this.fail(new Error(message.message));
    }
  }

  private predict(message: Extract<FromServer, { type: "prediction" }>): void {
    const { index, memory, top } = message;
    const time = microseconds(message.time);
    // What was sent before and has no answer was overtaken.
    for (const sent of this.sent.filter((one) => one.time < time - 1)) this.give(sent, null);
    const sent = this.sent[0];
    if (!sent) return;
    const milliseconds = performance.now() - sent.begun;
    const events = this.events.splice(0);
    const unknown = { cost: null, scores: null, small: null };
    this.give(sent, { time, index, memory, top, events, milliseconds, ...unknown });
  }

  private give(sent: Sent, answer: Answer | null): void {
    this.sent = this.sent.filter((one) => one !== sent);
    sent.resolve(answer);
  }

  private fail(error: Error): void {
    this.socket = null;
    this.failure ??= error;
    this.ready?.reject(this.failure);
    for (const { reject } of this.sent.splice(0)) reject(this.failure);
    this.ended?.();
  }
}
