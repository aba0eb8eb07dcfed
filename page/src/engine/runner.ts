/** What runs a network. The engine needs no more than this, so that tests can do without one. */
import type { NumberArray, TensorInfo } from "./contract";

/** `T`: a tensor in the runner's own memory. */
export interface Runner<T> {
  make(values: NumberArray, tensor: TensorInfo): T;
  read(tensor: T): NumberArray;
  free(tensor: T): void;
  /** One run: tensors by the names of the signature, in and out. */
  run(inputs: ReadonlyMap<string, T>): Promise<Map<string, T>>;
}
