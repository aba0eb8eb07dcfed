/** What a whole video shows; as `movinet.Summary`. */
import type { Category } from "./engine/scores";
import type { Answer } from "./watchers/watcher";

/**
 * The scores of the last answer when it speaks of the whole video, else the mean over those that
 * speak of a whole horizon, or over all where none does. Where only the best classes are known, the
 * mean counts the others as nothing.
 */
export class Verdict {
  private readonly all = new Mean();
  private readonly full = new Mean();
  private last: Answer | null = null;

  constructor(private readonly horizon: number) {}

  add(answer: Answer, labelOf: (index: number) => string): void {
    this.last = answer;
    this.all.add(answer, labelOf);
    if (answer.memory >= this.horizon) this.full.add(answer, labelOf);
  }

  /** The best class; null: nothing was seen. */
  best(): Category | null {
    if (!this.last) return null;
    if (this.last.memory === this.all.count) return this.last.top[0] ?? null;
    return (this.full.count > 0 ? this.full : this.all).best();
  }
}

class Mean {
  private readonly sums = new Map<number, Category>();
  count = 0;

  add(answer: Answer, labelOf: (index: number) => string): void {
    this.count++;
    const add = (index: number, score: number): void => {
      const sum = this.sums.get(index);
      if (sum) sum.score += score;
      else this.sums.set(index, { label: labelOf(index), index, score });
    };
    if (answer.scores) answer.scores.forEach((score, index) => add(index, score));
    else for (const { index, score } of answer.top) add(index, score);
  }

  best(): Category | null {
    const means = [...this.sums.values()].map((sum) => ({ ...sum, score: sum.score / this.count }));
    return means.reduce<Category | null>((best, one) => (best && best.score >= one.score ? best : one), null);
  }
}
