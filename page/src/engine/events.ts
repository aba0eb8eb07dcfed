/** Events: which action began when, and ended when. The rules of `movinet.EventDetector`. */
import type { Microseconds } from "./clock";
import { labelOf, type Contract } from "./contract";
import { Rate } from "./rate";

/** When scores are an event. All times in seconds. */
export interface EventOptions {
  /** A score with which one begins. */
  on: number;
  /** A score below which it ends. */
  off: number;
  /**
   * It is told when it has lasted so long. Only a moment with a score of 1 and a full memory counts
   * whole; others by (score - on) / (1 - on), and by how full the memory is.
   */
  minimum: number;
  /** So long below `off` does not end it. */
  join: number;
  /** After its end, the same action does not begin again for so long. */
  cool_down: number;
  /** How far above every other label a score must be to begin. */
  margin: number;
  /** Seconds that the scores speak of; shorter than a model's horizon. */
  memory: number;
}

export const EVENT_OPTIONS: EventOptions = {
  on: 0.5,
  off: 0.3,
  minimum: 0.75,
  join: 1,
  cool_down: 0,
  margin: 0,
  memory: 2,
};

/** One action from its beginning to its end; `end` is null while it goes on. */
export interface ActionEvent {
  label: string;
  index: number;
  start: Microseconds;
  end: Microseconds | null;
  peak: number;
}

/** The memory in frames; no more than `horizon`. */
export function memoryFrames(options: EventOptions, fps: number, horizon: number): number {
  const frames = options.memory * fps;
  // Halves go to the even number, as in Python.
  const down = Math.floor(frames);
  const half = frames - down === 0.5;
  const rounded = half ? down + (down % 2) : Math.round(frames);
  return Math.min(Math.max(1, rounded), horizon);
}

/** Microseconds that many small parts that are added up may lack. */
const ROUNDING = 1;

interface Course {
  start: Microseconds;
  last: Microseconds;
  end: Microseconds;
  peak: number;
  /** By how much each moment counts. */
  lasted: Microseconds;
  announced: boolean;
}

/** Turns the scores of one stream into events, as they come. */
export class EventDetector {
  private readonly rate: Rate;
  private readonly nothing: number;
  private readonly memory: number;
  private readonly courses = new Map<number, Course>();
  private readonly ended = new Map<number, Microseconds>();
  private now: Microseconds | null = null;
  private seen = 0;
  private spoken = 0;

  constructor(
    private readonly contract: Contract,
    private readonly options: EventOptions,
  ) {
    this.rate = Rate.of(contract.fps);
    const { background, fps, horizon, labels } = contract;
    this.memory = memoryFrames(options, fps, horizon);
    this.nothing = background === null ? -1 : (labels ?? []).indexOf(background);
  }

  /**
   * What has begun and what has ended with these scores, in the order of time.
   *
   * `index` counts the frames of the stream; `memory` are those that the scores speak of.
   */
  push(scores: Float32Array, time: Microseconds, index: number, memory: number): ActionEvent[] {
    const told: ActionEvent[] = [];
    if (index < this.seen) told.push(...this.finish());
    else if (memory < this.spoken) this.cut();
    const passed = this.now === null ? 0 : ((time - this.now) * memory) / this.memory;
    this.now = time;
    this.seen = index + 1;
    this.spoken = memory;
    const delay = this.delay(memory);
    for (const high of this.high(scores)) told.push(...this.rise(high, scores[high]!, time, delay, passed));
    for (const [place, course] of [...this.courses]) {
      if (time - course.last > this.options.join * 1e6) told.push(...this.close(place, course.end));
    }
    return inOrder(told);
  }

  /** The stream is over: the end of all that still goes on. */
  finish(): ActionEvent[] {
    const told: ActionEvent[] = [];
    for (const [place, course] of [...this.courses]) {
      told.push(...this.close(place, course.last === this.now ? course.last : course.end));
    }
    return inOrder(told);
  }

  /** Microseconds that means over so many frames come late: they speak of their middle. */
  private delay(frames: number): number {
    return this.rate.duration(frames - 1) / 2;
  }

  /** What lasted to the last picture before a cut ends there, if it does not go on. */
  private cut(): void {
    for (const course of this.courses.values()) {
      if (course.last === this.now) course.end = course.last;
    }
  }

  private high(scores: Float32Array): number[] {
    const { on, off, margin } = this.options;
    const found = [...this.courses.keys()].filter((index) => scores[index]! >= off);
    for (let index = 0; index < scores.length; index++) {
      if (scores[index]! < on || this.courses.has(index) || index === this.nothing) continue;
      if (margin > 0) {
        const other = scores.reduce((best, score, at) => (at === index ? best : Math.max(best, score)), 0);
        if (scores[index]! - other < margin) continue;
      }
      found.push(index);
    }
    return found;
  }

  /** A score is high now; `passed`: the time since the last ones, as it counts. */
  private rise(
    index: number,
    score: number,
    now: Microseconds,
    delay: number,
    passed: Microseconds,
  ): ActionEvent[] {
    let course = this.courses.get(index);
    if (!course) {
      const ended = this.ended.get(index);
      if (ended !== undefined && now - ended <= this.options.cool_down * 1e6) return [];
      const start = Math.max(now - delay, ended ?? -Infinity);
      course = { start, last: now, end: now, peak: score, lasted: 0, announced: false };
      this.courses.set(index, course);
    } else {
      const { on } = this.options;
      course.lasted += passed * Math.max(0, (score - on) / (1 - on));
    }
    course.last = now;
    course.end = Math.max(now - delay, course.start);
    course.peak = Math.max(course.peak, score);
    if (course.announced || course.lasted < this.options.minimum * 1e6 - ROUNDING) return [];
    course.announced = true;
    return [this.event(index, course, null)];
  }

  private close(index: number, end: Microseconds): ActionEvent[] {
    const course = this.courses.get(index)!;
    this.courses.delete(index);
    if (!course.announced) return [];
    this.ended.set(index, end);
    return [this.event(index, course, end)];
  }

  private event(index: number, course: Course, end: Microseconds | null): ActionEvent {
    const { start, peak } = course;
    return { label: labelOf(this.contract, index), index, start, end, peak };
  }
}

function inOrder(events: ActionEvent[]): ActionEvent[] {
  return events.sort((a, b) => (a.end ?? a.start) - (b.end ?? b.start));
}
