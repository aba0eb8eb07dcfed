/** One run: a camera or a file on a watcher, until it is over or stopped. */
import { Pace } from "../engine/pace";
import { Rate } from "../engine/rate";
import type { Answer, Watcher } from "../watchers/watcher";
import type { Camera } from "./camera";
import { Latest } from "./latest";
import { Stopped } from "./stopped";
import type { VideoFile } from "./videofile";

export class Session {
  private readonly stopping = new AbortController();
  private readonly pace: Pace;
  private latest: Latest | null = null;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly watcher: Watcher,
    fps: number,
    private readonly answered: (answer: Answer) => void,
  ) {
    this.pace = new Pace(Rate.of(fps), watcher.horizon);
  }

  /** Frames that were overtaken by newer ones. */
  get dropped(): number {
    return this.latest?.dropped ?? 0;
  }

  get stopped(): boolean {
    return this.signal.aborted;
  }

  /** Comes when the run is to end. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /** Forget what was seen: the next frame begins the stream. */
  reset(): void {
    this.pace.reset();
  }

  stop(): void {
    this.stopping.abort();
  }

  /** Every frame of the file that the model's frame rate takes, each answered before the next. */
  async file(file: VideoFile): Promise<void> {
    try {
      for await (const moment of file.frames(this.pace, this.signal)) {
        const answer = await this.watcher.watch(await createImageBitmap(this.video), moment);
        if (answer && !this.stopped) this.answered(answer);
      }
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
  }

  /** The camera, until stopped; rejects when the model fails. */
  async camera(camera: Camera): Promise<void> {
    const { signal } = this;
    if (signal.aborted) return;
    await new Promise<void>((resolve, reject) => {
      const latest = new Latest(this.watcher, (answer) => signal.aborted || this.answered(answer), reject);
      this.latest = latest;
      signal.addEventListener("abort", () => resolve());
      camera.lost().then(resolve, reject);
      camera.watch((time) => {
        const moment = this.pace.take(time);
        if (!moment) return;
        createImageBitmap(this.video).then((frame) => latest.push(frame, moment), reject);
      }, signal);
    });
    this.stop();
  }
}
