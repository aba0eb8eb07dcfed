/** Contracts for the tests. */
import type { Contract, StatePair } from "../../src/engine/contract";

export function state(name: string, changes: Partial<StatePair> = {}): StatePair {
  return {
    name,
    kind: null,
    shape: [1],
    dtype: "float32",
    zero: 0,
    scale: 1,
    input: name,
    output: name,
    moves_from: null,
    passed_through: false,
    ...changes,
  };
}

export function contract(changes: Partial<Contract> = {}): Contract {
  return {
    name: "tiny",
    variant: null,
    form: "lite",
    precision: "float32",
    signature: "serving_default",
    image: { name: "image", shape: [1, 2, 2, 3], dtype: "float32" },
    logits: { name: "logits", shape: [1, 3], dtype: "float32" },
    embedding: null,
    size: [2, 2],
    fps: 5,
    clip_frames: 50,
    horizon: 50,
    resize: "stretch",
    value_range: [0, 1],
    temperature: 1,
    classes: 3,
    background: null,
    labels: ["still", "waving", "jumping"],
    states: [],
    licence: null,
    ...changes,
  };
}
