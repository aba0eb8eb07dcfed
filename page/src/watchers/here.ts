/** The model in this browser, in a worker. */
import { EVENT_OPTIONS, EventDetector, memoryFrames, type ActionEvent } from "../engine/events";
import type { ModelEntry } from "../engine/contract";
import type { Frame, FromWorker, ToWorker } from "../engine/messages";
import type { Moment } from "../engine/pace";
import { topCategories } from "../engine/scores";
import type { Answer, Watcher, WatchOptions } from "./watcher";

type Waiting = { resolve(message: FromWorker): void; reject(error: Error): void };

export class Here implements Watcher {
  readonly lanes = 1;
  readonly horizon: number;
  private worker: Worker | null = null;
  private opening: Promise<void> | null = null;
  private readonly waiting: Waiting[] = [];
  private detector: EventDetector | null = null;

  /** `base`: where worker.js, the models and the WebAssembly lie. */
  constructor(
    private readonly model: ModelEntry,
    private readonly options: WatchOptions,
    private readonly base = document.baseURI,
  ) {
    const { fps, horizon } = model.contract;
    this.horizon = options.events ? memoryFrames(EVENT_OPTIONS, fps, horizon) : horizon;
  }

  /** Loads once, also when it is asked for again meanwhile. */
  open(): Promise<void> {
    return (this.opening ??= this.load());
  }

  private async load(): Promise<void> {
    this.worker = new Worker(new URL("worker.js", this.base));
    this.worker.onmessage = (event: MessageEvent<FromWorker>) => this.receive(event.data);
    this.worker.onerror = (event) => this.fail(new Error(event.message || "the worker ended"));
    const { contract, file } = this.model;
    const address = new URL(file, this.base).href;
    await this.ask({ type: "load", file: address, contract, horizon: this.horizon, cuts: this.options.events });
  }

  async watch(frame: Frame, moment: Moment): Promise<Answer> {
    const { contract } = this.model;
    const told: ActionEvent[] = [];
    if (moment.fresh) {
      told.push(...(this.detector?.finish() ?? []));
      this.detector = this.options.events
        ? new EventDetector(contract, EVENT_OPTIONS)
        : null;
    }
    const begun = performance.now();
    const transfer = "data" in frame ? [] : [frame];
    const echo = this.options.echo ?? false;
    const answer = await this.ask({ type: "frame", frame, fresh: moment.fresh, echo }, transfer);
    if (answer.type !== "scores") throw new Error(`unexpected: ${answer.type}`);
    const { scores, index, memory, cost, small } = answer;
    told.push(...(this.detector?.push(scores, moment.time, index, memory) ?? []));
    return {
      time: moment.time,
      index,
      memory,
      top: topCategories(scores, contract, this.options.top),
      events: told,
      milliseconds: performance.now() - begun,
      cost,
      scores,
      small,
    };
  }

  async finish(): Promise<ActionEvent[]> {
    return this.detector?.finish() ?? [];
  }

  close(): void {
    this.worker?.terminate();
    this.fail(new Error("closed"));
  }

  private ask(message: ToWorker, transfer: Transferable[] = []): Promise<FromWorker> {
    return new Promise((resolve, reject) => {
      if (!this.worker) return reject(new Error("closed"));
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(message, transfer);
    });
  }

  private receive(message: FromWorker): void {
    const asked = this.waiting.shift();
    if (message.type === "failed") asked?.reject(new Error(message.message));
    else asked?.resolve(message);
  }

  private fail(error: Error): void {
    this.worker = null;
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}
