/** What a whole video shows; as `movinet.Summary`. */
import type { Category } from "./engine/scores";
import type { Answer } from "./watchers/watcher";

/**
 * The scores of the last answer when the video was no longer than the memory, else the mean over
 * all. Where only the best classes are known, the mean counts the others as nothing.
 */
export class Verdict {
  private readonly sums = new Map<number, Category>();
  private last: Answer | null = null;
  private count = 0;
  private resets = -1;

  constructor(private readonly horizon: number) {}

  add(answer: Answer, labelOf: (index: number) => string): void {
    if (answer.index === 0) this.resets++;
    this.count++;
    this.last = answer;
    const add = (index: number, score: number): void => {
      const sum = this.sums.get(index);
      if (sum) sum.score += score;
      else this.sums.set(index, { label: labelOf(index), index, score });
    };
    if (answer.scores) answer.scores.forEach((score, index) => add(index, score));
    else for (const { index, score } of answer.top) add(index, score);
  }

  /** The best class; null: nothing was seen. */
  best(): Category | null {
    if (!this.last) return null;
    if (this.count <= this.horizon && this.resets === 0) return this.last.top[0] ?? null;
    const means = [...this.sums.values()].map((sum) => ({ ...sum, score: sum.score / this.count }));
    return means.reduce<Category | null>((best, one) => (best && best.score >= one.score ? best : one), null);
  }
}
