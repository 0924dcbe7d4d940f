import type { ImportMode } from "../../../src/commands/import-world.js";
import type { ExecutionOptions } from "../../../src/domain/execution.js";
import type { PlanInput } from "../../../src/domain/plans/plan.js";
import type { FailureAnswer, Verb } from "../../../src/domain/vocabulary.js";
import type { FaultInput } from "../../../src/hypervisor/port.js";
import type { SourceFamily, Trespasser } from "../generators/webhook-sources.js";
import type { SteeringRequest } from "./steering-requests.js";

interface Start {
  kind: "start";
  idempotencyKey: string;
  verb: Verb;
  target: { kind: "plan"; planId: string } | { kind: "item"; worldId: string; itemId: string };
  options: ExecutionOptions;
}

/** What a person really said at a source. */
export interface Said {
  sourceId: SourceFamily;
  external: string;
  approvalId: string;
  decision: "approve" | "decline";
}

/** Requests whose sender proves by a signature or a token who it is, and what those need. */
export type OfCallers =
  | { kind: "save-source"; sourceId: SourceFamily; secrets: string[] }
  | { kind: "remove-source"; sourceId: SourceFamily }
  | { kind: "give-token" | "revoke-token"; to: Trespasser }
  /** `body` in base64. `said` is null for a forged message, and stays when a genuine one is sent again. */
  | { kind: "webhook"; sourceId: string; headers: Record<string, string>; body: string; said: Said | null }
  /** A caller without the right to it. */
  | ({ kind: "trespass"; who: Trespasser } & (
      | { act: "approve"; approvalId: string; seenHash: string }
      | { act: "break-glass"; approvalId: string }
      | { act: "pause"; executionId: string }
      | { act: "start"; planId: string; key: string }
      | { act: "save-plan"; plan: PlanInput }
    ));

/** A request to the product, as data. */
export type ClientRequest =
  | Start
  | OfCallers
  /** Asks for the decision about a start, and starts nothing. */
  | ({ kind: "prerequisites" } & Pick<Start, "verb" | "target" | "options">)
  | { kind: "validate"; executionId: string; verdict: "accept" | "reject" }
  | { kind: "confirm"; executionId: string; actionId: string; ask: number; done: boolean }
  | { kind: "resolve"; executionId: string; ask: number; answer: FailureAnswer }
  /** Without `itemIds`: without all that are stuck. */
  | { kind: "continue-without"; executionId: string; itemIds: string[] | undefined }
  | { kind: "cancel"; executionId: string; behaviour: "restore-protection" | "as-documented" }
  /** `ifMatch` is the ETag that was read, null to create. */
  | { kind: "save-plan"; plan: PlanInput; ifMatch: string | null }
  | { kind: "change-target"; itemId: string; size: string }
  /** Without a mode, a world that differs or moved is refused. */
  | { kind: "import-world"; mode: ImportMode | undefined }
  | { kind: "remove-item"; itemId: string }
  /** `seenHash` as the sender says it; undefined when they say none. */
  | {
      kind: "decide";
      approvalId: string;
      person: string;
      decision: "approve" | "decline";
      seenHash: string | undefined;
    }
  | { kind: "break-glass" | "review-break-glass"; approvalId: string; person: string }
  | SteeringRequest
  | { kind: "add-fault"; fault: FaultInput }
  | { kind: "clear-fault"; faultId: string | null }
  | { kind: "return-source"; itemId: string }
  | { kind: "resolve-condition"; itemId: string; type: string };
