/** What a model file says of itself: the object that `movinet models show FILE --json` prints. */

export type NumberType = "float32" | "int32" | "int8" | "uint8";

export interface TensorInfo {
  name: string;
  shape: number[];
  dtype: NumberType;
}

/** One state: what comes out as `output` goes into `input` at the next step. */
export interface StatePair extends TensorInfo {
  kind: "stream_buffer" | "pool_buffer" | "frame_count" | null;
  /** What all its elements begin with. */
  zero: number;
  scale: number;
  input: string;
  /** Null: it does not come out; `moves_from` says what it becomes. */
  output: string | null;
  /** The state whose input of this step goes into `input` at the next one. */
  moves_from: string | null;
  /** It comes out as it went in, so nobody carries it. */
  passed_through: boolean;
}

export interface Contract {
  name: string;
  variant: string | null;
  form: string;
  precision: string;
  signature: string;
  image: TensorInfo;
  logits: TensorInfo;
  embedding: TensorInfo | null;
  /** Height and width in pixels. */
  size: [number, number];
  fps: number;
  clip_frames: number;
  /** How many past frames a stream averages over. */
  horizon: number;
  resize: "stretch" | "center";
  /** What pixel values 0 and 255 become. */
  value_range: [number, number];
  temperature: number;
  classes: number;
  background: string | null;
  labels: string[] | null;
  states: StatePair[];
  licence: string | null;
}

/** One model of `models.json`. */
export interface ModelEntry {
  name: string;
  /** Address of the file, relative to the page. */
  file: string;
  bytes: number;
  contract: Contract;
  /** One line about what it knows. */
  contains: string | null;
  /** Whether it knows drawn figures, and no people. */
  drawn: boolean;
}

/** `models.json`: the first model is the default; `server`: whether frames can be sent there. */
export interface Catalogue {
  models: ModelEntry[];
  server: boolean;
}

/** The label of a class; its number where the model carries no labels. */
export function labelOf(contract: Contract, index: number): string {
  return contract.labels?.[index] ?? String(index);
}

/** The states that change. */
export function liveStates(contract: Contract): StatePair[] {
  return contract.states.filter((state) => !state.passed_through);
}

/** How many elements a tensor of this shape has. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

export type NumberArray = Float32Array | Int32Array | Int8Array | Uint8Array;

const ARRAYS = {
  float32: Float32Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
} as const;

/** An array for a tensor, filled with one number. */
export function filled(tensor: TensorInfo, value: number): NumberArray {
  return new ARRAYS[tensor.dtype](elements(tensor.shape)).fill(value);
}
