/** From logits to scores, and the best of them. */
import { labelOf, type Contract } from "./contract";

/** One class with its score (0..1). */
export interface Category {
  label: string;
  index: number;
  score: number;
}

/** Scores that add up to 1. */
export function softmax(logits: Float32Array, temperature = 1): Float32Array {
  let highest = -Infinity;
  for (const logit of logits) highest = Math.max(highest, logit);
  const scores = new Float32Array(logits.length);
  let sum = 0;
  for (let index = 0; index < logits.length; index++) {
    scores[index] = Math.exp((logits[index]! - highest) / temperature);
    sum += scores[index]!;
  }
  for (let index = 0; index < scores.length; index++) scores[index]! /= sum;
  return scores;
}

/** The best classes, best first; equal scores in the order of the classes. */
export function topCategories(scores: Float32Array, contract: Contract, count: number): Category[] {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order
    .slice(0, count)
    .map((index) => ({ label: labelOf(contract, index), index, score: scores[index]! }));
}
