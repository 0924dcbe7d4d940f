import { createHash } from "node:crypto";

/** The hash that the composition gives the product: plans, keys and execution ids are derived with it. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
