import { z } from "zod";
import { Instant } from "../text.js";
import { Sha256 } from "./chain.js";

/** A head of the log that was kept outside of its table: who changes the log afterwards must change that place too. */
export const Anchor = z.strictObject({
  seq: z.int().min(1),
  hash: Sha256,
  at: Instant,
  kept: z.array(z.string().max(300)).min(1).max(2).describe("where, such as the name of a blob or a host"),
});
export type Anchor = z.infer<typeof Anchor>;

export type KnownHead = Pick<Anchor, "seq" | "hash" | "at">;
