/** Scores and events over time: of a file from end to end, of a camera the last minute. */
import type { Microseconds } from "../engine/clock";
import type { ActionEvent } from "../engine/events";
import type { Category } from "../engine/scores";
import { text } from "../strings";
import { colourOf } from "./colours";
import { element } from "./element";

/** What a camera's timeline shows. */
const WINDOW = 60e6;
const LANE = 22;
const LANES = 3;
const PLOT = 52;

interface Point {
  time: Microseconds;
  best: Category;
}

export class Timeline {
  private readonly canvas = element<HTMLCanvasElement>("timeline");
  private points: Point[] = [];
  private events: ActionEvent[] = [];
  private duration: Microseconds | null = null;
  private began: Microseconds | null = null;
  private told = 0;
  private asked = false;

  constructor() {
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Begin anew; `duration`: of a file, null for a camera. */
  clear(duration: Microseconds | null): void {
    this.points = [];
    this.events = [];
    this.told = 0;
    this.began = null;
    this.duration = duration;
    this.draw();
  }

  /** The time that is shown as 0. */
  get origin(): Microseconds {
    return this.duration !== null ? 0 : (this.began ?? 0);
  }

  add(time: Microseconds, best: Category): void {
    this.began ??= time;
    this.points.push({ time, best });
    if (this.duration === null) this.forget(time - WINDOW);
    this.draw();
  }

  /** What a camera's timeline does not show any more. */
  private forget(before: Microseconds): void {
    if (this.points[0]!.time >= before - WINDOW) return;
    this.points = this.points.filter(({ time }) => time >= before);
    this.events = this.events.filter(({ end }) => end === null || end >= before);
  }

  tell(event: ActionEvent): void {
    const old = this.events.findIndex((one) => one.index === event.index && one.end === null);
    if (old >= 0) this.events[old] = event;
    else {
      this.events.push(event);
      this.told++;
    }
    this.draw();
  }

  /** Once a picture of the screen is enough. */
  draw(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.paint();
    });
  }

  private paint(): void {
    const { canvas } = this;
    const { clientWidth: width, clientHeight: height } = canvas;
    const ratio = devicePixelRatio;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    if (!context || width === 0) return;
    context.scale(ratio, ratio);
    const style = getComputedStyle(canvas);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const now = this.points.at(-1)?.time ?? this.origin;
    const first = this.duration !== null ? 0 : Math.max(this.origin, now - WINDOW);
    const span = this.duration ?? WINDOW;
    const place = (time: Microseconds): number => ((time - first) / span) * width;

    // The score of the best label, in the colour of the label.
    context.fillStyle = colour("--track");
    for (const level of [0, 0.5, 1]) context.fillRect(0, 4 + (1 - level) * PLOT, width, 1);
    this.points.forEach(({ time, best }, index) => {
      const next = this.points[index + 1]?.time ?? time + span / 300;
      if (next < first) return;
      // A pause is left empty.
      const end = Math.min(next, time + 1e6);
      context.fillStyle = colourOf(best.index);
      const high = best.score * PLOT;
      // Whole pixels, so that no gaps shine through.
      const left = Math.round(place(time));
      context.fillRect(left, 4 + PLOT - high, Math.max(1, Math.round(place(end)) - left), high);
    });
    this.paintEvents(context, style, place, now, width, colour("--text"));
    this.paintAxis(context, style, first, span, width, height, colour("--soft"));
    const seconds = Math.round((now - this.origin) / 1e6);
    canvas.setAttribute("aria-label", text("timelineOf", { events: this.told, seconds }));
  }

  private paintEvents(
    context: CanvasRenderingContext2D,
    style: CSSStyleDeclaration,
    place: (time: Microseconds) => number,
    now: Microseconds,
    width: number,
    ink: string,
  ): void {
    context.font = `600 12px ${style.fontFamily}`;
    context.textBaseline = "middle";
    const taken: number[] = new Array<number>(LANES).fill(-Infinity);
    for (const event of this.events) {
      const left = Math.max(0, place(event.start));
      const right = Math.min(width, place(event.end ?? now));
      if (right < 0) continue;
      const label = context.measureText(event.label).width;
      const lane = taken.findIndex((end) => end < left);
      if (lane < 0) continue;
      const top = PLOT + 10 + lane * LANE;
      context.fillStyle = colourOf(event.index);
      context.fillRect(left, top, Math.max(3, right - left), 4);
      // At the right edge a label goes to the left, so that it can be read.
      const start = Math.max(0, Math.min(left, width - label));
      context.fillStyle = ink;
      context.fillText(event.label, start, top + 12.5);
      taken[lane] = Math.max(right, start + label) + 8;
    }
  }

  private paintAxis(
    context: CanvasRenderingContext2D,
    style: CSSStyleDeclaration,
    first: Microseconds,
    span: Microseconds,
    width: number,
    height: number,
    ink: string,
  ): void {
    context.font = `11px ${style.fontFamily}`;
    context.fillStyle = ink;
    context.textBaseline = "alphabetic";
    const begin = (first - this.origin) / 1e6;
    const seconds = span / 1e6;
    const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
    const step = steps.find((one) => (one / seconds) * width >= 56) ?? 7200;
    for (let tick = Math.ceil(begin / step) * step; tick <= begin + seconds; tick += step) {
      const label = `${tick} s`;
      const x = ((tick - begin) / seconds) * width;
      const half = context.measureText(label).width;
      context.fillText(label, Math.max(0, Math.min(x - half / 2, width - half)), height - 3);
    }
  }
}
