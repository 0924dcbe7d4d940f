import type { ExecutionOptions } from "../../../src/domain/execution.js";
import type { PlanInput } from "../../../src/domain/plans/plan.js";
import type { FailureAnswer, Verb } from "../../../src/domain/vocabulary.js";
import type { FaultInput } from "../../../src/hypervisor/port.js";

/** A request to the product, as data. */
export type ClientRequest =
  | {
      kind: "start";
      idempotencyKey: string;
      verb: Verb;
      target: { kind: "plan"; planId: string } | { kind: "item"; worldId: string; itemId: string };
      options: ExecutionOptions;
    }
  | { kind: "validate"; executionId: string; verdict: "accept" | "reject" }
  | { kind: "confirm"; executionId: string; actionId: string; ask: number; done: boolean }
  | { kind: "resolve"; executionId: string; ask: number; answer: FailureAnswer }
  /** Without `itemIds`: without all that are stuck. */
  | { kind: "continue-without"; executionId: string; itemIds: string[] | undefined }
  | { kind: "cancel"; executionId: string; behaviour: "restore-protection" | "as-documented" }
  /** `ifMatch` is the ETag that was read, null to create. */
  | { kind: "save-plan"; plan: PlanInput; ifMatch: string | null }
  | { kind: "change-target"; itemId: string; size: string }
  | { kind: "import-world" }
  | { kind: "add-fault"; fault: FaultInput }
  | { kind: "clear-fault"; faultId: string | null }
  | { kind: "return-source"; itemId: string }
  | { kind: "resolve-condition"; itemId: string; type: string };
