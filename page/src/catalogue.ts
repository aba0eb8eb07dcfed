/** The list of models that the page can use. */
import type { Catalogue, ModelEntry } from "./engine/contract";

const NUMBERS = new Set(["float32", "int32", "int8", "uint8"]);

/** `models.json` beside the page; models of whole clips are left out. */
export async function fetchCatalogue(): Promise<Catalogue> {
  const response = await fetch("models.json");
  if (!response.ok) throw new Error(`models.json: ${response.status}`);
  const catalogue = (await response.json()) as Catalogue;
  return { ...catalogue, models: catalogue.models.filter(usable) };
}

function usable({ contract }: ModelEntry): boolean {
  const tensors = [contract.image, contract.logits, ...contract.states];
  return contract.form !== "base" && tensors.every(({ dtype }) => NUMBERS.has(dtype));
}
