import { FuzzedProduct } from "../product.js";
import type { Target } from "../target.js";
import { documentTargets } from "./documents.js";
import { HOST_TARGETS } from "./host-settings.js";
import { requestTarget } from "./requests.js";

/** Every boundary that takes input from outside. */
export async function allTargets(): Promise<Target[]> {
  const product = await FuzzedProduct.open();
  return [...HOST_TARGETS, requestTarget(product), ...documentTargets(product)];
}
