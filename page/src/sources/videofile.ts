/**
 * A video file, frame by frame at its own times.
 *
 * Played, a browser shows some frames and leaves others out, as it has time. So the file is not
 * played: the first frame of each interval is sought. A browser shows at a time t the last frame
 * that began at or before t, and says when that was.
 */
import { microseconds, type Microseconds } from "../engine/clock";
import type { Moment, Pace } from "../engine/pace";
import { unlessStopped } from "./stopped";
import { Unplayable } from "./unplayable";

/** How long a frame that has been sought may take to be told of. */
const PATIENCE = 150;
/** After so many milliseconds a video that has not loaded is played for a moment. */
const LOADING = 1000;
/** Timestamps in files are whole milliseconds or finer. */
const TICK = 500;
/** After so many equal distances between frames, the others are taken to be equal too. */
const TRUST = 8;
/** Before a distance between frames has been seen: 240 frames a second. */
const GUESS = 1e6 / 240;

export class VideoFile {
  private shown: Microseconds = 0;
  /** The smallest distance between frames that was seen. */
  private spacing: Microseconds | null = null;
  /** How many times in a row the distance was the same. */
  private regular = 0;
  private readonly end: Microseconds;

  private constructor(
    private readonly video: HTMLVideoElement,
    private readonly signal?: AbortSignal,
  ) {
    this.end = microseconds(video.duration);
  }

  /** Show the file at `address` in `video`; rejects with `Stopped` on `signal`. */
  static async open(video: HTMLVideoElement, address: string, signal?: AbortSignal): Promise<VideoFile> {
    video.srcObject = null;
    video.src = address;
    video.preload = "auto";
    video.load();
    await loaded(video, signal);
    if (video.videoWidth === 0) throw new Unplayable("no pictures");
    if (!Number.isFinite(video.duration)) {
      // Some files do not say how long they are; their end has to be found.
      video.currentTime = 1e7;
      await event(video, "seeked", signal);
      video.currentTime = 0;
      await event(video, "seeked", signal);
      if (!Number.isFinite(video.duration)) throw new Unplayable("no duration");
    }
    return new VideoFile(video, signal);
  }

  /** Seconds. */
  get duration(): number {
    return this.end / 1e6;
  }

  /** The frames that `pace` takes, each while it is shown. */
  async *frames(pace: Pace, signal: AbortSignal): AsyncGenerator<Moment> {
    let found: Microseconds | null = await this.show(0);
    while (found !== null && !signal.aborted) {
      const moment = pace.take(found);
      if (moment) yield moment;
      found = signal.aborted ? null : await this.first(Math.max(pace.next(), found + 1));
    }
  }

  /** Show the first frame that begins at `target` or later; null: there is none. */
  private async first(target: Microseconds): Promise<Microseconds | null> {
    if (target > this.end) return null;
    if (this.spacing !== null && this.regular >= TRUST) {
      // Frames in equal distances: of these, only one lies in a distance's length.
      const last = this.shown;
      const found = await this.show(target + this.spacing - TICK);
      const steps = (found - last) / this.spacing;
      if (found > last && Math.abs(steps - Math.round(steps)) * this.spacing < 3 * TICK) return found;
      this.regular = 0;
    }
    const before = await this.show(target - TICK);
    if (before >= target) return before;
    const spacing = this.spacing;
    const found = await this.after(before);
    const alike = found !== null && Math.abs(found - before - (spacing ?? 0)) < 3 * TICK;
    this.regular = alike ? this.regular + 1 : 0;
    return found;
  }

  /** Show the frame after the one that begins at `before`, which is shown. */
  private async after(before: Microseconds): Promise<Microseconds | null> {
    const step = this.spacing ?? GUESS;
    let high = before + step + TICK;
    let found = await this.show(high);
    for (let reach = step; found <= before; reach *= 1.5) {
      if (high >= this.end) return null;
      high = Math.min(high + reach, this.end);
      found = await this.show(high);
    }
    // Where the distance is larger than any seen before, there may be one between.
    while (found - before > step * 1.5) {
      const between = await this.show(found - TICK);
      if (between <= before) {
        await this.show(found + TICK);
        break;
      }
      found = between;
    }
    this.spacing = Math.min(this.spacing ?? Infinity, found - before);
    return found;
  }

  /** Seek, and say when the frame that is shown then begins. */
  private async show(time: Microseconds): Promise<Microseconds> {
    const video = this.video;
    let callback = 0;
    const told = new Promise<Microseconds>((resolve) => {
      if (!("requestVideoFrameCallback" in video)) return;
      callback = video.requestVideoFrameCallback((_, { mediaTime }) => resolve(microseconds(mediaTime)));
    });
    const seeked = event(video, "seeked", this.signal);
    video.currentTime = Math.max(0, time) / 1e6;
    await seeked;
    // Nothing is told of a frame that was shown before already, or of a page that is not seen.
    const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE, null));
    const mediaTime = await Promise.race([told, late]);
    if (callback) video.cancelVideoFrameCallback(callback);
    this.shown = mediaTime ?? stamp(video) ?? this.shown;
    return this.shown;
  }
}

/** Some phones load no picture before the video is played. */
async function loaded(video: HTMLVideoElement, signal?: AbortSignal): Promise<void> {
  const data = event(video, "loadeddata", signal);
  data.catch(() => {}); // what is wrong is told by the first of the two
  await event(video, "loadedmetadata", signal);
  const late = setTimeout(() => {
    video.play().then(
      () => video.pause(),
      () => {},
    );
  }, LOADING);
  await data.finally(() => clearTimeout(late));
}

/** When the shown frame begins, for pages that are not to be seen and get no callbacks. */
function stamp(video: HTMLVideoElement): Microseconds | null {
  if (!("VideoFrame" in self)) return null;
  const frame = new VideoFrame(video);
  const { timestamp } = frame;
  frame.close();
  return timestamp;
}

function event(video: HTMLVideoElement, name: string, stop?: AbortSignal): Promise<void> {
  const done = new AbortController();
  const { signal } = done;
  const told = new Promise<void>((resolve, reject) => {
    video.addEventListener(name, () => resolve(), { signal });
    video.addEventListener("error", () => reject(new Unplayable(video.error?.message)), { signal });
  });
  return (stop ? unlessStopped(told, stop) : told).finally(() => done.abort());
}
