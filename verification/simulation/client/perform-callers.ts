import { decideApproval, passByBreakGlass } from "../../../src/commands/approvals.js";
import { requireRight, requireRightSomewhere } from "../../../src/commands/authorise.js";
import type { Context } from "../../../src/commands/context.js";
import { savePlan } from "../../../src/commands/plans.js";
import { startExecution } from "../../../src/commands/start-execution.js";
import { pauseExecution } from "../../../src/commands/steer.js";
import { revokeToken } from "../../../src/commands/tokens.js";
import { receiveWebhook } from "../../../src/commands/webhooks/receive.js";
import { saveSource } from "../../../src/commands/webhooks/sources.js";
import { tokenText } from "../../../src/domain/access/access-token.js";
import type { Caller } from "../../../src/domain/access/caller.js";
import type { Grant, Right } from "../../../src/domain/access/roles.js";
import { ExecutionOptions } from "../../../src/domain/execution.js";
import { Plan } from "../../../src/domain/plans/plan.js";
import { toInstant } from "../../../src/domain/text.js";
import { WebhookSourceInput } from "../../../src/domain/webhooks/source.js";
import { TokenCallers } from "../../../src/identity/tokens.js";
import { sha256 } from "../../support/hash.js";
import { PEOPLE } from "../generators/approvals.js";
import { EXTERNALS, TRESPASSERS, type Trespasser } from "../generators/webhook-sources.js";
import type { OfCallers } from "./requests.js";

/** Requests whose sender proves by a signature or a token who it is. */
export function performOfCallers(context: Context, request: OfCallers): Promise<unknown> {
  switch (request.kind) {
    case "save-source":
      return registerSource(context, request);
    case "remove-source":
      return context.store.removeWebhookSource(request.sourceId);
    case "give-token":
      return giveToken(context, request.to);
    case "revoke-token":
      return revokeToken(context, tokenIdOf(request.to), "administrator");
    case "webhook": {
      const { sourceId, headers, body } = request;
      const message = { headers: new Headers(headers), body: Buffer.from(body, "base64") };
      return receiveWebhook(context, decideApproval, sourceId, message);
    }
    case "trespass":
      return trespass(context, request);
  }
}

function registerSource(
  context: Context,
  { sourceId, secrets }: Extract<OfCallers, { kind: "save-source" }>,
): Promise<unknown> {
  const known = Object.entries(EXTERNALS[sourceId]).filter(([person]) => person in PEOPLE);
  const people = known.map(([person, external]) => ({ external, person, roles: [...(PEOPLE[person] ?? [])] }));
  return saveSource(
    context,
    sourceId,
    WebhookSourceInput.parse({ scheme: sourceId, secrets: secrets.map((name) => name.toUpperCase()), people }),
    "administrator",
  );
}

const tokenIdOf = (who: Trespasser): string => sha256(who).slice(0, 16);
const tokenOf = (who: Trespasser): string => tokenText(tokenIdOf(who), sha256(`secret of ${who}`));

async function giveToken({ store, clock, hash }: Context, who: Trespasser): Promise<void> {
  const at = toInstant(clock.now());
  await store.createToken({
    tokenId: tokenIdOf(who),
    person: who,
    grants: structuredClone(TRESPASSERS[who]) as unknown as Grant[],
    hash: hash(tokenOf(who)),
    createdAt: at,
    createdBy: "administrator",
    expiresAt: null,
  });
}

/** A process has one and keeps what it read. */
const callersOf = new WeakMap<Context, TokenCallers>();

function tokenCallers(context: Context): TokenCallers {
  const known = callersOf.get(context) ?? new TokenCallers(context, null);
  callersOf.set(context, known);
  return known;
}

/** Does what a route does: who calls, whether they may, and only then the command. */
async function trespass(context: Context, request: Extract<OfCallers, { kind: "trespass" }>): Promise<unknown> {
  const caller = await tokenCallers(context).callerOf(tokenOf(request.who));
  switch (request.act) {
    case "approve": {
      const { approvalId, seenHash } = request;
      await allow(context, caller, "approve", { approvalId });
      const made = {
        decision: "approve",
        reason: "",
        seenHash,
        via: caller.credential,
        credentialMadeBy: caller.madeBy,
      } as const;
      return decideApproval(context, approvalId, { ...made, person: caller.person, grants: caller.grants });
    }
    case "break-glass": {
      const { approvalId } = request;
      await allow(context, caller, "break-glass", { approvalId });
      return passByBreakGlass(context, approvalId, { person: caller.person, reason: "in a hurry" });
    }
    case "pause": {
      const { executionId } = request;
      await allow(context, caller, "of-the-verb", { executionId });
      return pauseExecution(context, executionId, { person: caller.person, reason: "as simulated" });
    }
    case "start": {
      const { planId, key } = request;
      await allow(context, caller, "run", { planId });
      const start = { idempotencyKey: key, verb: "unplanned-failover", target: { kind: "plan", planId } } as const;
      const options = ExecutionOptions.parse({ acknowledgeNoTest: true });
      return startExecution(context, { ...start, options, requestedBy: caller.person });
    }
    case "save-plan": {
      const planId = request.plan.id;
      await allow(context, caller, "plan", { planId });
      const etag = (await context.store.getPlan(planId))?.etag ?? null;
      return savePlan(context, Plan.parse(request.plan), etag, caller.person);
    }
  }
}

async function allow(context: Context, caller: Caller, right: Right | "of-the-verb", scope: object): Promise<void> {
  requireRightSomewhere(caller, right === "of-the-verb" ? ["test", "run"] : [right]);
  await requireRight(context, caller, right, scope);
}
