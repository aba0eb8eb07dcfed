/** Frames a second and milliseconds a frame, over the last few seconds. */

/** How far back is counted, in milliseconds. */
const SPAN = 4000;

export class Figures {
  private answers: { at: number; milliseconds: number }[] = [];
  seen = 0;

  add(milliseconds: number, at = performance.now()): void {
    this.seen++;
    this.answers.push({ at, milliseconds });
    this.answers = this.answers.filter((answer) => at - answer.at <= SPAN);
  }

  get fps(): number {
    const first = this.answers[0];
    const last = this.answers.at(-1);
    if (!first || !last || first === last) return 0;
    return ((this.answers.length - 1) * 1000) / (last.at - first.at);
  }

  /** The median. */
  get milliseconds(): number {
    const sorted = this.answers.map((answer) => answer.milliseconds).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }
}
