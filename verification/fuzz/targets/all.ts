import { FuzzedProduct } from "../product.js";
import type { Target } from "../target.js";
import { documentTargets } from "./documents.js";
import { HOST_TARGETS } from "./host-settings.js";
import { httpTarget } from "./http.js";
import { HUB_ROW_TARGETS } from "./hub-rows.js";
import { managementTarget } from "./management.js";
import { requestTarget } from "./requests.js";
import { rowTarget } from "./rows.js";
import { signedWebhookTargets } from "./signed-webhooks.js";
import { WEBHOOK_TARGETS } from "./webhooks.js";

/** Every boundary that takes input from outside. */
export async function allTargets(): Promise<Target[]> {
  const product = await FuzzedProduct.open();
  return [
    ...HOST_TARGETS,
    ...HUB_ROW_TARGETS,
    ...WEBHOOK_TARGETS,
    ...(await signedWebhookTargets()),
    await managementTarget(),
    rowTarget(product),
    requestTarget(product),
    ...documentTargets(product),
    httpTarget(),
  ];
}
