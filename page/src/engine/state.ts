/** The state of one stream: what goes from the outputs of a step to the inputs of the next. */
import { filled, liveStates, type Contract, type NumberArray, type StatePair } from "./contract";
import type { Runner } from "./runner";

/**
 * Tensors stay in the runner's memory. A state that passes through the network is made once and
 * never taken over: LiteRT.js gives wrong values for such outputs, and nobody needs them.
 */
export class State<T> {
  /** By the name of the input. */
  private slots = new Map<string, T>();
  private readonly live: StatePair[];
  private readonly inputs: Map<string, string>;

  constructor(
    private readonly contract: Contract,
    private readonly runner: Runner<T>,
  ) {
    this.live = liveStates(contract);
    this.inputs = new Map(contract.states.map((state) => [state.name, state.input]));
    this.reset();
  }

  /** Begin anew. */
  reset(): void {
    this.clear();
    for (const state of this.contract.states) {
      this.slots.set(state.input, this.runner.make(filled(state, state.zero), state));
    }
  }

  /** A copy of one state. */
  read(state: StatePair): NumberArray {
    return this.runner.read(this.slots.get(state.input)!);
  }

  /** Replace one state. */
  write(state: StatePair, values: NumberArray): void {
    const old = this.slots.get(state.input)!;
    this.slots.set(state.input, this.runner.make(values, state));
    this.free([old]);
  }

  /** Run the network on a picture; gives the logits. The picture's tensor is used up. */
  async step(image: T): Promise<Float32Array> {
    const old = this.slots;
    const inputs = new Map(old).set(this.contract.image.name, image);
    const outputs = await this.runner.run(inputs);
    const next = new Map(old);
    // All at once: what a delay line moves on is what went in.
    for (const state of this.live) {
      const { output, moves_from: source } = state;
      const tensor = output !== null ? outputs.get(output) : old.get(this.inputs.get(source!)!);
      if (tensor === undefined) throw new Error(`the model gives no ${output ?? source}`);
      next.set(state.input, tensor);
    }
    const logits = this.runner.read(outputs.get(this.contract.logits.name)!);
    this.slots = next;
    this.free([image, ...old.values(), ...outputs.values()]);
    return logits instanceof Float32Array ? logits : Float32Array.from(logits);
  }

  /** Give the memory back. */
  clear(): void {
    const tensors = [...this.slots.values()];
    this.slots = new Map();
    this.free(tensors);
  }

  /** Free those tensors that no input holds any more, each once. */
  private free(tensors: T[]): void {
    const kept = new Set(this.slots.values());
    for (const tensor of new Set(tensors)) if (!kept.has(tensor)) this.runner.free(tensor);
  }
}
