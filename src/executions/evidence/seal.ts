/**
 * The seal of an ended execution: its chain, and the head of that in the log.
 *
 * - S1 Everything that the execution recorded is in the chain, its steps by the heads that were made when they were
 *   written. What was changed between then and the seal is found.
 * - S2 Sealing again changes nothing: the first seal stays. The sweep does not settle an execution without its seal.
 *
 * Tests: test/tools/verify.test.ts, test/e2e/evidence.test.ts, test/suites/store-evidence.suite.ts.
 */
import { type Approval, approvalIdOf } from "../../domain/approvals/approval.js";
import { RecoveryError } from "../../domain/errors.js";
import { chainOf } from "../../domain/evidence/chain.js";
import type { LogPlace } from "../../domain/evidence/log-place.js";
import { type ExecutionEvent, executionChain, type SealedEvent } from "../../domain/evidence/sealed.js";
import { headsOf, stepChainsOf } from "../../domain/evidence/step-chains.js";
import type { Execution } from "../../domain/execution.js";
import { canonicalJson } from "../../domain/identity.js";
import type { PlanVersion } from "../../domain/plans/plan.js";
import { planVersionOf } from "../../domain/steering/in-force.js";
import { toInstant } from "../../domain/text.js";
import type { Ports } from "../../ports.js";
import { startedVersion } from "./opening.js";
import { type EndedExecution, type EvidenceFacts, sectionsOf } from "./sections.js";

type SealPorts = Pick<Ports, "store" | "clock" | "hash" | "settings">;

/** The evidence of an ended execution, which it seals unless that was done before. */
export async function sealExecution(
  ports: SealPorts,
  executionId: string,
): Promise<{ evidence: SealedEvent[]; place: LogPlace }> {
  const { store, clock, hash } = ports;
  const known = await store.getSealed(executionId);
  if (known) return known;
  const execution = (await store.getExecution(executionId))?.value;
  if (execution === undefined) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
  if (!("endedAt" in execution))
    throw new RecoveryError("evidence-not-ready", `execution ${executionId} has not ended`);
  const at = toInstant(clock.now());
  const facts = await factsOf(ports, execution);
  const evidence = chainOf(executionChain(executionId), eventsOf(facts, at, hash), hash);
  const { seq: count = 0, hash: head = "" } = evidence.at(-1) ?? {};
  const { subject, worldId } = execution;
  const place = await store.appendToLog({
    ...{ kind: "execution-sealed", recordId: `${executionId}/sealed`, at, count, head },
    about: { executionId, worldId, ...(subject.kind === "plan" && { planId: subject.planId }) },
  });
  await store.putSealed(executionId, evidence, place);
  return (await store.getSealed(executionId)) ?? { evidence, place };
}

function eventsOf(facts: EvidenceFacts, at: string, hash: Ports["hash"]): ExecutionEvent[] {
  const { executionId } = facts.execution;
  return [
    ...sectionsOf(facts).map(([name, data]): ExecutionEvent => ({ kind: "section", name, data: plain(data) })),
    ...facts.steps.map((record): ExecutionEvent => {
      const { part, chains = headsOf(stepChainsOf(executionId, record, hash)) } = record;
      return { kind: "steps", part, chains };
    }),
    { kind: "sealed", at },
  ];
}

/** As it comes back from the store: what is hashed must be what is kept. */
const plain = (data: unknown) => JSON.parse(canonicalJson(data));

async function factsOf(ports: SealPorts, execution: EndedExecution): Promise<EvidenceFacts> {
  const { store, settings } = ports;
  const [saved, steps] = await Promise.all([startedVersion(ports, execution), store.getSteps(execution.executionId)]);
  const earlier = saved && saved.version > 1 ? await store.getPlanVersion(saved.plan.id, saved.version - 1) : null;
  const approvals = await approvalsOf(ports, execution, saved);
  const tools = { node: process.version, timeZoneData: process.versions["tz"] ?? "unknown" };
  return { execution, saved, earlier, approvals, steps, speed: settings.speed, tools };
}

/** Every approval that it asked for, in every round. An edit may have added requirements. */
async function approvalsOf(
  { store, hash }: SealPorts,
  execution: Execution,
  saved: PlanVersion | null,
): Promise<Approval[]> {
  if (saved === null) return [];
  const edited = await store.getPlanVersion(saved.plan.id, planVersionOf(execution));
  const required = [saved, edited].flatMap((version) => version?.plan.approvals ?? []);
  const found: Approval[] = [];
  for (const requirementId of new Set(required.map(({ id }) => id))) {
    for (let round = 1; ; round += 1) {
      const id = approvalIdOf({ executionId: execution.executionId, requirementId, round }, hash);
      const approval = await store.getApproval(id);
      if (approval === null) break;
      found.push(approval.value);
    }
  }
  return found;
}
