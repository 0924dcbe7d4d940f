import type { Approval } from "../../../src/domain/approvals/approval.js";
import { PEOPLE } from "../generators/approvals.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable } from "./environment.js";
import type { ClientRequest } from "./requests.js";

type Decide = Extract<ClientRequest, { kind: "decide" }>;

/** The delay between a change and the look for open approvals. */
const REACTION_MS = 20_000;

/** How likely somebody decides about an approval that they hear of: some of them may not. */
const DECIDES: Readonly<Record<string, number>> = {
  ann: 0.8,
  bob: 0.75,
  cid: 0.5,
  dan: 0.7,
  operator: 0.15,
  mallory: 0.15,
};
const CALM_APPROVERS = ["ann", "bob", "cid"];

/** Decides about approvals: in time, late, twice, at once, with the wrong hash or without the right to. */
export async function decideApprovals(environment: Environment, random: Random): Promise<void> {
  const seen = new Set<string>();
  for (;;) {
    await environment.journal.change();
    await sleep(environment.clock, REACTION_MS);
    const page = await ifReadable(environment.directStore.listOpenApprovals({ limit: 100 }));
    for (const approval of page?.entries ?? []) {
      const key = `${environment.quiescing ? "calm" : "rough"}/${approval.content.approvalId}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const own = random.fork(key);
      if (environment.quiescing) void approveAll(environment, approval, own);
      else decideSomehow(environment, approval, own);
    }
  }
}

/** Once the faults are over, everybody who is asked approves what they saw. */
async function approveAll({ client }: Environment, { content, hash }: Approval, random: Random): Promise<void> {
  for (const person of CALM_APPROVERS) {
    const { approvalId } = content;
    await client.sendUntilKnown({ kind: "decide", approvalId, person, decision: "approve", seenHash: hash }, random);
  }
}

function decideSomehow(environment: Environment, approval: Approval, random: Random): void {
  for (const person of Object.keys(PEOPLE)) {
    const own = random.fork(person);
    if (own.chance(DECIDES[person] ?? 0)) void decideLater(environment, approval, person, own);
  }
  const glass = random.fork("break-glass");
  if (glass.chance(0.12)) void breakGlassLater(environment, approval.content.approvalId, glass);
  const saved = random.fork("plan-saved");
  if (saved.chance(0.12)) void savePlanLater(environment, approval.content.planId, saved);
}

async function decideLater(
  environment: Environment,
  approval: Approval,
  person: string,
  random: Random,
): Promise<void> {
  const { client, clock } = environment;
  await sleep(clock, delayOf(approval, random));
  if (environment.quiescing) return;
  const made = decisionOf(approval, person, random);
  if (random.chance(0.2)) void client.send(made); // at the same time
  const sent = await client.sendUntilKnown(made, random.fork("insist"));
  if (!random.chance(0.15)) return;
  await sleep(clock, random.skewed(1_000, 600_000));
  const changed = { ...made, decision: made.decision === "approve" ? "decline" : "approve" } as const;
  const again = random.chance(0.5) ? changed : made;
  if (!environment.quiescing) await client.send(again, again === made ? sent.n : null);
}

/** Usually soon, sometimes close to the end of the time, before or after it. */
function delayOf({ content }: Approval, random: Random): number {
  if (random.chance(0.8)) return random.skewed(1_000, 1_800_000);
  const wholeMs = Date.parse(content.expiresAt) - Date.parse(content.requestedAt);
  return Math.max(0, wholeMs - REACTION_MS + random.int(-2, 2) * random.skewed(1, 60_000));
}

function decisionOf({ content, hash }: Approval, person: string, random: Random): Decide {
  const approvalId = random.chance(0.97) ? content.approvalId : content.executionId;
  const decision = random.chance(0.9) ? "approve" : "decline";
  const saw = random.weighted({ all: 14, digits: 2, nothing: 2, other: 2 });
  const seenHash = { all: hash, digits: hash.slice(0, 12), nothing: undefined, other: `0${hash.slice(1)}x` }[saw];
  return { kind: "decide", approvalId, person, decision, seenHash };
}

/** Somebody saves the plan meanwhile, so that what was asked for is void and is asked for again. */
async function savePlanLater(
  { client, clock, directStore, ...environment }: Environment,
  planId: string,
  random: Random,
) {
  await sleep(clock, random.skewed(1_000, 1_800_000));
  const found = await ifReadable(directStore.getPlan(planId));
  if (!found || environment.quiescing) return;
  const plan = { ...found.value.plan, name: `plan ${random.int(1, 1_000)}` };
  await client.sendUntilKnown({ kind: "save-plan", plan, ifMatch: found.etag }, random);
}

async function breakGlassLater({ client, clock }: Environment, approvalId: string, random: Random): Promise<void> {
  await sleep(clock, random.skewed(1_000, 1_800_000));
  await client.sendUntilKnown({ kind: "break-glass", approvalId, person: "eva" }, random);
  if (!random.chance(0.8)) return;
  await sleep(clock, random.skewed(1_000, 1_800_000));
  await client.sendUntilKnown({ kind: "review-break-glass", approvalId, person: "auditor" }, random);
}
