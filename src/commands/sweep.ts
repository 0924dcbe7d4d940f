import { messageOf, RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import { isTimeAgain } from "../domain/retry-policies.js";
import { toInstant, toMs } from "../domain/text.js";
import type { InstanceView } from "../durable/client.js";
import { endExecution } from "../executions/end-execution.js";
import { sealExecution } from "../executions/evidence/seal.js";
import { isReleasedBeforeItsEnd, releaseItems } from "../executions/release.js";
import type { Tagged, UnsettledExecution } from "../store/port.js";

import type { Context } from "./context.js";
import { raiseCancel, raiseUnheardDecisions } from "./decisions.js";
import { hasEnded, hasEndedEarly, isSuspended } from "./instance-status.js";
import { itemKey, reconcileUnknownOutcomes, unknownOutcomes } from "./reconcile-items.js";
import { completeStart } from "./start-execution.js";
import { raiseSteering } from "./steer.js";
import { type Remembered, SweepSchedule } from "./sweep-schedule.js";

/** The request that made a younger start is still completing it. */
const ORPHANED_AFTER_MS = 10_000;

/** A cancel or a decision is raised again after 1, 2, 4, 8 and 16 minutes, and then at this interval. */
const MAX_RAISE_INTERVAL_MINUTES = 16;

/** Whatever begins looks at how the execution was steered, so the event of that is raised again for a while only. */
const UNHEARD_MS = 3_600_000;

/** For a few minutes an orchestration still tries to release what it holds. */
const RELEASED_AFTER_MS = 300_000;

/** An error that lasts is logged once, and then again after this time. */
const LOGGED_AGAIN_AFTER_MS = 6 * 3_600_000;

/** An entry whose record is missing belongs to a request that died before it recorded its execution. */
const NEVER_RECORDED_AFTER_MS = 86_400_000;

export interface Swept {
  /** The ids of the executions that were repaired. */
  repaired: string[];
  /** What could not be repaired, with the reason. `isNews`: it belongs into the log now. */
  errors: { executionId: string; reason: string; isNews: boolean }[];
}

type Entry = Tagged<UnsettledExecution>;

/**
 * Repairs every execution that is not settled: completes a start that was recorded and never completed, raises a noted
 * cancel or an unheard decision again, ends an execution that lost its orchestration, releases what an ended one still
 * holds, and reconciles items whose outcome is unknown. An error of one execution does not stop the repair of the
 * others.
 */
export async function sweepExecutions(context: Context, schedule = new SweepSchedule()): Promise<Swept> {
  const swept: Swept = { repaired: [], errors: [] };
  const inLater = new Set<string>();
  for (const unsettled of await readUnsettled(context, schedule)) {
    const { execution, remembered } = unsettled;
    if (!remembered) await sweepOne(context, schedule, unsettled, { inLater, swept });
    const { worldId, itemIds } = execution ?? remembered ?? { worldId: "", itemIds: [] };
    for (const itemId of itemIds) inLater.add(itemKey(worldId, itemId));
  }
  return swept;
}

async function sweepOne(
  context: Context,
  schedule: SweepSchedule,
  { entry, execution, failure }: Unsettled,
  { inLater, swept }: { inLater: ReadonlySet<string>; swept: Swept },
): Promise<void> {
  let reason = failure;
  let finding: Finding = "owed";
  try {
    if (execution) finding = await repair(context, entry, execution, inLater);
  } catch (thrown) {
    reason = messageOf(thrown);
  }
  if (finding === "repaired") swept.repaired.push(entry.value.executionId);
  if (finding === "waits" && execution) schedule.waits(entry, execution, context.clock.now());
  else schedule.forget(entry);
  await note(context, entry, reason, swept);
}

/** What the sweep found of an execution. `waits`: its orchestration runs, and it is owed nothing. */
type Finding = "repaired" | "waits" | "owed";

interface Unsettled {
  entry: Entry;
  execution: Execution | null;
  /** Why the record could not be read. */
  failure: string | null;
  /** Instead of the record, of an execution that is not due. */
  remembered?: Remembered;
}

/** The unsettled executions, the newest first. */
async function readUnsettled(context: Context, schedule: SweepSchedule): Promise<Unsettled[]> {
  const found: Unsettled[] = [];
  const entries = await context.store.listUnsettled();
  schedule.begin(entries, context.clock.now());
  for (const entry of entries) {
    const remembered = schedule.notDue(entry);
    if (remembered) {
      found.push({ entry, execution: null, failure: null, remembered });
      continue;
    }
    try {
      const record = await context.store.getExecution(entry.value.executionId);
      if (record) found.push({ entry, execution: record.value, failure: null });
      else if (isOlder(context, entry.value.since, NEVER_RECORDED_AFTER_MS)) await context.store.settleExecution(entry);
    } catch (thrown) {
      found.push({ entry, execution: null, failure: messageOf(thrown) });
    }
  }
  const askedAt = ({ entry, execution, remembered }: Unsettled) =>
    (execution ?? remembered)?.requestedAt ?? entry.value.since;
  return found.sort((a, b) => (askedAt(a) < askedAt(b) ? 1 : -1));
}

const isOlder = ({ clock }: Context, since: string, ms: number): boolean => clock.now() - toMs(since) >= ms;

/** Keeps the reason with the entry, where a caller can read it, and decides whether it belongs into the log again. */
async function note(context: Context, entry: Entry, reason: string | null, { errors }: Swept): Promise<void> {
  const { executionId, trouble } = entry.value;
  const at = toInstant(context.clock.now());
  if (reason === null) {
    if (trouble !== undefined) await context.store.noteTrouble(entry, null).catch(() => undefined);
    return;
  }
  const known = trouble?.reason === reason ? trouble : undefined;
  const isNews = known === undefined || isOlder(context, known.loggedAt, LOGGED_AGAIN_AFTER_MS);
  errors.push({ executionId, reason, isNews });
  if (isNews) {
    await context.store.noteTrouble(entry, { reason, since: known?.since ?? at, loggedAt: at }).catch(() => undefined);
  }
}

/** @param inLater keys of the items of later executions, which decide the state of those items */
async function repair(
  context: Context,
  entry: Entry,
  execution: Execution,
  inLater: ReadonlySet<string>,
): Promise<Finding> {
  const { executionId } = execution;
  if ("endedAt" in execution) return findingOf(await releaseEnded(context, entry, execution, inLater));
  const instance = await context.orchestrations.getStatus(executionId);
  if (!instance) return findingOf(await completeOrphan(context, execution));
  if (!hasEndedEarly(instance)) return isSuspended(instance) ? "owed" : raiseAgain(context, execution, instance);
  const why = typeof instance.output === "string" ? instance.output.slice(0, 500) : "no reason was given";
  const failure = { code: "operation-failed", message: `its orchestration ended early: ${why}` };
  const { steps } = instance;
  await takeBack(context, execution, inLater);
  await endExecution(context, { executionId, status: "failed", failure, touched: true, reports: [], steps });
  return "repaired";
}

/**
 * Takes the free items of a lost execution again, so that its end says of all of them that their outcome is unknown. It
 * may have released them when they came to rest, and what it would have reported of them is lost, such as what is left
 * of tests.
 */
async function takeBack({ store }: Context, execution: Execution, inLater: ReadonlySet<string>): Promise<void> {
  const { executionId, worldId, verb, itemIds } = execution;
  const items = await store.findItems(worldId, itemIds);
  const claims = items.flatMap(({ itemId, heldBy, state }) =>
    heldBy === null && !inLater.has(itemKey(worldId, itemId)) ? [{ itemId, from: state, during: state }] : [],
  );
  if (claims.length > 0) await store.acquireItems(worldId, executionId, verb, claims);
}

const findingOf = (repaired: boolean): Finding => (repaired ? "repaired" : "owed");

/** Raises a cancel, or what people decided and it may not have heard of. An execution without any only waits. */
async function raiseAgain(context: Context, execution: Execution, instance: InstanceView): Promise<Finding> {
  const { executionId, cancelRequest } = execution;
  if (cancelRequest === undefined) {
    let isOwed = false;
    const isTime = (at: string): boolean => {
      isOwed = true;
      return isTimeToRaise(context, at);
    };
    const isRaised = await raiseUnheardDecisions(context, execution, instance, isTime);
    const isNews = (at: string): boolean => !isOlder(context, at, UNHEARD_MS) && isTime(at);
    const isSteered = await raiseSteering(context, execution, isNews);
    return isRaised || isSteered || isOwed ? findingOf(isRaised || isSteered) : "waits";
  }
  if (!isTimeToRaise(context, cancelRequest.requestedAt)) return "owed";
  await raiseCancel(context, executionId, cancelRequest);
  return "repaired";
}

/**
 * Whether a cancel or a decision is raised again in this minute. The interval grows, since most executions received the
 * first event and each one makes their history longer.
 */
export function isTimeToRaise({ clock }: Pick<Context, "clock">, recordedAt: string): boolean {
  return isTimeAgain(clock.now() - toMs(recordedAt), MAX_RAISE_INTERVAL_MINUTES);
}

/**
 * Releases what an ended execution still holds. A success was written before the release, so the release is
 * finished. Any other end released the items first, so an item that is held now was acquired by a late request.
 * An execution that holds nothing and owes no item its state is settled.
 */
async function releaseEnded(
  context: Context,
  entry: Entry,
  execution: Extract<Execution, { endedAt: string }>,
  inLater: ReadonlySet<string>,
): Promise<boolean> {
  const { executionId, worldId, itemIds, status, outcomes, endedAt } = execution;
  if (!isOlder(context, endedAt, RELEASED_AFTER_MS)) return false;
  const items = await context.store.findItems(worldId, itemIds);
  if (!items.some(({ heldBy }) => heldBy?.executionId === executionId)) {
    const isReconciled = await reconcileUnknownOutcomes(context, execution, items, inLater);
    const isOwed = unknownOutcomes(execution, items, inLater).length > 0;
    if (!isOwed && isOlder(context, entry.value.since, RELEASED_AFTER_MS)) {
      await sealExecution(context, executionId);
      await context.store.settleExecution(entry);
    }
    return isReconciled;
  }
  const instance = await context.orchestrations.getStatus(executionId);
  if (instance && !hasEnded(instance)) return false;
  if (isReleasedBeforeItsEnd(execution)) {
    await releaseItems(context, execution);
    return true;
  }
  const reports = outcomes.map(({ itemId, outcome, failure, recoveryPoint: point, dataLoss, leftovers }) => {
    return { itemId, outcome, failure, point, dataLoss, runningAtMs: null, ...(leftovers && { leftovers }) };
  });
  await endExecution(context, { executionId, status, failure: null, touched: true, reports, steps: [] });
  return true;
}

/** No caller waits for this answer. If the start is refused, the record says so. */
async function completeOrphan(context: Context, execution: Execution): Promise<boolean> {
  if (context.clock.now() - toMs(execution.requestedAt) < ORPHANED_AFTER_MS) return false;
  try {
    await completeStart(context, execution);
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError)) throw thrown;
  }
  return true;
}
