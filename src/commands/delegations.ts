import { type Caller, hasRightOnPlan, hasRightSomewhere } from "../domain/access/caller.js";
import { type Delegation, MAX_DELEGATION_DAYS, MAX_DELEGATIONS } from "../domain/approvals/delegation.js";
import { RecoveryError } from "../domain/errors.js";
import { toInstant, toMs } from "../domain/text.js";
import type { Services } from "./context.js";

const DAY_MS = 86_400_000;

/** What a delegator says. */
export type DelegationRequest = Pick<Delegation, "delegationId" | "to" | "until" | "planIds">;

/** Lets somebody decide in the caller's place, or changes that. The same again changes nothing that counts. */
export async function delegate(
  { store, clock }: Services,
  { person, grants }: Caller,
  request: DelegationRequest,
): Promise<Delegation> {
  const nowMs = clock.now();
  const problem = problemOf(request, { person, grants }, nowMs);
  if (problem !== null) throw new RecoveryError("delegation-refused", problem);
  const before = await store.listDelegations({ from: person });
  if (before.length >= MAX_DELEGATIONS && !before.some(({ delegationId }) => delegationId === request.delegationId)) {
    throw new RecoveryError("delegation-refused", `you have ${MAX_DELEGATIONS} delegations; remove one of them first`);
  }
  const delegation: Delegation = { ...request, from: person, grants, madeAt: toInstant(nowMs) };
  await store.putDelegation(delegation);
  return delegation;
}

function problemOf(
  { to, until, planIds = [] }: DelegationRequest,
  { person, grants }: Pick<Caller, "person" | "grants">,
  nowMs: number,
): string | null {
  if (to === person) return "a delegation is to somebody else";
  const untilMs = toMs(until);
  if (untilMs <= nowMs) return `${until} is over`;
  if (untilMs > nowMs + MAX_DELEGATION_DAYS * DAY_MS) return `a delegation lasts ${MAX_DELEGATION_DAYS} days at most`;
  const caller: Caller = { person, credential: "none", grants };
  const others = planIds.filter((planId) => !hasRightOnPlan(caller, "approve", planId));
  if (others.length > 0) return `you do not have the right to approve on plan ${others.slice(0, 5).join(", ")}`;
  return hasRightSomewhere(caller, "approve") ? null : "you do not have the right to approve";
}

/** What the caller delegated, and what others delegated to the caller. */
export async function listDelegations(
  { store }: Services,
  { person }: Caller,
): Promise<{ from: Delegation[]; to: Delegation[] }> {
  const [from, to] = await Promise.all([
    store.listDelegations({ from: person }),
    store.listDelegations({ to: person }),
  ]);
  return { from, to };
}

export const removeDelegation = ({ store }: Services, { person }: Caller, delegationId: string): Promise<void> =>
  store.removeDelegation(person, delegationId);

/** Takes back all that a person delegated, because they are not to decide any more, or did not delegate it themselves. */
export async function withdrawDelegations({ store }: Pick<Services, "store">, person: string): Promise<void> {
  for (const { delegationId } of await store.listDelegations({ from: person })) {
    await store.removeDelegation(person, delegationId);
  }
}
