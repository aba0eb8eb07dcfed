/** Newest frame first: while all lanes are taken, one frame waits, and a newer one takes its place. */
import type { Frame } from "../engine/messages";
import type { Moment } from "../engine/pace";
import type { Answer, Watcher } from "../watchers/watcher";

export class Latest {
  /** Frames that were taken and never watched. */
  dropped = 0;
  private busy = 0;
  private waiting: { frame: Frame; moment: Moment } | null = null;

  constructor(
    private readonly watcher: Watcher,
    private readonly answered: (answer: Answer) => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** A new frame. */
  push(frame: Frame, moment: Moment): void {
    const old = this.waiting;
    if (old) {
      this.dropped++;
      if ("close" in old.frame) old.frame.close();
    }
    // A stream that was to begin anew with the lost frame begins with this one.
    this.waiting = { frame, moment: { ...moment, fresh: moment.fresh || (old?.moment.fresh ?? false) } };
    void this.work();
  }

  private async work(): Promise<void> {
    if (this.busy >= this.watcher.lanes || !this.waiting) return;
    const { frame, moment } = this.waiting;
    this.waiting = null;
    this.busy++;
    try {
      const answer = await this.watcher.watch(frame, moment);
      if (answer) this.answered(answer);
      else this.dropped++;
    } catch (error) {
      this.failed(error);
    } finally {
      this.busy--;
    }
    void this.work();
  }
}
