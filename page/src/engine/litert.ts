/** LiteRT.js as a runner: the same XNNPACK kernels as in Python, as WebAssembly. */
import { loadAndCompile, loadLiteRt, Tensor, type CompiledModel } from "@litertjs/core";
import type { Contract, NumberArray, TensorInfo } from "./contract";
import type { Runner } from "./runner";

interface WasmOptions {
  locateFile(name: string): string;
  printErr(line: string): void;
}

let loading: Promise<unknown> | null = null;

/** Load the WebAssembly once; `folder` is where it lies, for example "wasm/". */
async function loadWasm(folder: URL): Promise<void> {
  const scope = self as unknown as { Module?: WasmOptions };
  scope.Module = {
    // It would look for its .wasm beside the worker.
    locateFile: (name) => new URL(name, folder).href,
    // It tells what it has and has not, twenty lines each time.
    printErr: (line) => void (/^(INFO|WARNING):/.test(line) || console.error(line)),
  };
  loading ??= loadLiteRt(new URL("litert_wasm_compat_internal.js", folder).href);
  try {
    await loading;
  } catch (error) {
    loading = null;
    throw error;
  }
}

export class LiteRTRunner implements Runner<Tensor> {
  private constructor(
    private readonly model: CompiledModel,
    private readonly signature: string,
  ) {}

  /** Load a model file. */
  static async load(folder: URL, file: Uint8Array, contract: Contract): Promise<LiteRTRunner> {
    await loadWasm(folder);
    const model = await loadAndCompile(file, { accelerator: "wasm" });
    return new LiteRTRunner(model, contract.signature);
  }

  make(values: NumberArray, tensor: TensorInfo): Tensor {
    return new Tensor(values as Float32Array, tensor.shape);
  }

  read(tensor: Tensor): NumberArray {
    return tensor.toTypedArray() as NumberArray;
  }

  free(tensor: Tensor): void {
    tensor.delete();
  }

  async run(inputs: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> {
    const outputs = await this.model.run(this.signature, Object.fromEntries(inputs));
    return new Map(Object.entries(outputs));
  }

  close(): void {
    this.model.delete();
  }
}
