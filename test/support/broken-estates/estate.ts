import type { z } from "zod";
import type { ROUTES } from "../../../src/api/routes.js";
import type { ErrorCode } from "../../../src/domain/errors.js";
import type { ItemDecision } from "../../../src/domain/start/decide-start.js";
import type { ItemState, Scenario, Verb } from "../../../src/domain/vocabulary.js";
import type { ItemOperation } from "../../../src/hypervisor/port.js";
import type { SmallEstate } from "../small-estates.js";
import type { Repair } from "./repair.js";

type Query = z.input<typeof ROUTES.planPrerequisites.query>;

/** The verbs that are run before the prerequisites are read, and the state that they leave. */
export const STAGES = {
  protected: { verbs: [], rests: "protected" },
  tested: { verbs: ["test-failover", "test-clean-up"], rests: "protected" },
  testing: { verbs: ["test-failover"], rests: "test-failed-over" },
  "given-up": { verbs: ["test-failover", "test-clean-up"], rests: "protected" },
  failed: { verbs: ["unplanned-failover"], rests: "failover-failed" },
  away: { verbs: ["unplanned-failover", "commit"], rests: "committed" },
  home: { verbs: ["unplanned-failover", "commit", "reprotect"], rests: "protected" },
  unprotected: { verbs: ["disable-replication"], rests: "unprotected" },
} as const satisfies Record<string, { verbs: readonly Verb[]; rests: ItemState }>;
export type StageName = keyof typeof STAGES;

/** A prerequisite, and a small estate in which it is the only unmet one. */
export interface Broken {
  code: string;
  verb: Verb;
  /** Default: protected. */
  stage?: StageName;
  /** Default: vmware-to-azure. */
  scenario?: Scenario;
  breaks?: (estate: SmallEstate) => unknown;
  /** A site that stops answering after the stage. */
  loses?: "home" | "away";
  /** Operations that the hypervisor refuses during the stage. */
  refused?: readonly ItemOperation[];
  asked?: Omit<Query, "verb">;
  /** Part of the finding. */
  found: string;
  /** The state of the item refuses the verb under this code, before the prerequisite is examined. */
  refusedAs?: ErrorCode;
  /** What is decided of its items; by default an error holds its one item, and a warning does not. */
  decisions?: readonly ItemDecision["decision"][];
  /** The verb that fixes it; missing when a person has to. */
  mends?: Verb;
  /** Breaks the estate after the stage. */
  later?: (repair: Repair) => Promise<void>;
  /** Does what the finding's `fix` says. */
  fix?: (repair: Repair) => Promise<void>;
  /** What the request then asks for, where that is the fix or a part of it. */
  instead?: Omit<Query, "verb">;
}
