import type { ActivityCall, ActivityEnd, ActivityRunner, VirtualClock } from "../../../host/durable/engine/index.js";
import { ACTIVITIES } from "../../../src/activities/index.js";
import { requireCaughtUp } from "../../../src/activities/steering.js";
import type { Context } from "../../../src/commands/context.js";
import { STARTING_ACTIVITIES } from "../../../src/commands/starting-activities.js";
import { codeIn, RecoveryError } from "../../../src/domain/errors.js";
import type {
  Hypervisor,
  ItemOperation,
  ItemTask,
  SiteOperation,
  SiteTask,
  TaskReply,
} from "../../../src/hypervisor/port.js";
import type { Ports } from "../../../src/ports.js";
import type { ActivityRun, Effects, OperationCall } from "../evidence.js";
import type { FaultOf } from "../generators/faults.js";
import type { Random } from "../random.js";
import type { Caller, FaultProxy } from "./fault-proxy.js";
import { never, sleep } from "./host-lifetime.js";
import { requestScope } from "./request-scope.js";

/** What the proxies of one host share. */
export interface ProxyContext {
  proxy: FaultProxy;
  caller: Caller;
  clock: VirtualClock;
  effects: Effects;
  /** How far the host's clock is ahead of true time. */
  skewMs: () => number;
  /** Decides what webhooks answer. */
  webhooks: Random;
  /** Faults of activities, by the number of the call. */
  activityFaults: ReadonlyMap<number, FaultOf<"activity">>;
}

/** The hypervisor as one host reaches it, with a record of every call of an operation. */
export function proxiedHypervisor<H extends Hypervisor>(hypervisor: H, proxyContext: ProxyContext): H {
  const { proxy, caller, clock, effects } = proxyContext;
  const called = async <R>(
    call: Pick<OperationCall, "executionId" | "key" | "operation" | "subjectId">,
    run: () => Promise<TaskReply<R>>,
  ): Promise<TaskReply<R>> => {
    const { executionId, key, operation, subjectId } = call;
    const entry: OperationCall = {
      atMs: clock.now(),
      endedMs: null,
      generation: caller.lifetime.generation,
      ...{ executionId, key, operation, subjectId },
      outcome: "lost",
      hanging: false,
      code: null,
    };
    effects.operations.push(entry);
    try {
      const reply = await proxy.call(caller, "operation", key, run);
      entry.outcome = reply.state;
      entry.hanging = reply.state === "waiting" && reply.hanging;
      entry.code = reply.state === "failed" ? reply.code : null;
      return inHostTime(reply, proxyContext.skewMs());
    } catch (thrown) {
      entry.outcome = "thrown";
      entry.code = thrown instanceof RecoveryError ? thrown.code : null;
      throw thrown;
    } finally {
      entry.endedMs = clock.now();
    }
  };
  return {
    ...hypervisor,
    runOnItem: <O extends ItemOperation>(task: ItemTask<O>) =>
      called({ ...task, subjectId: task.itemId }, () => hypervisor.runOnItem(task)),
    runOnSite: <O extends SiteOperation>(task: SiteTask<O>) =>
      called({ ...task, subjectId: task.siteId }, () => hypervisor.runOnSite(task)),
  };
}

/** The time of the next poll is given in the time of the caller. */
function inHostTime<R>(reply: TaskReply<R>, skewMs: number): TaskReply<R> {
  if (reply.state !== "waiting" || skewMs === 0) return reply;
  return { ...reply, doneAt: new Date(Date.parse(reply.doneAt) + skewMs).toISOString() };
}

const BY_NAME = new Map(ACTIVITIES.map((activity) => [activity.name, activity]));

/** Runs the product's own activities on the services of one host. Only webhooks are simulated. */
export function activityRunner(context: () => Context, proxyContext: ProxyContext): ActivityRunner {
  const { proxy, caller, clock, effects, activityFaults } = proxyContext;
  const runOnce = async (call: ActivityCall, straggler = false): Promise<ActivityEnd> => {
    const { instanceId, taskId, name } = call;
    const { generation } = caller.lifetime;
    const run: ActivityRun = {
      atMs: clock.now(),
      endedMs: null,
      generation,
      instanceId,
      taskId,
      name,
      outcome: "lost",
      ...(straggler && { straggler }),
    };
    effects.activities.push(run);
    const { outcome, end } = await handled(context(), call, proxyContext);
    if (!caller.lifetime.alive) return never();
    run.endedMs = clock.now();
    run.outcome = outcome;
    return end;
  };
  return (call) => {
    const fault = proxy.faultsEnabled ? activityFaults.get((proxy.callCounts.get("activity") ?? 0) + 1) : undefined;
    const run = () => (fault ? runWithFault(fault, call) : runOnce(call));
    return requestScope.run(undefined, () => proxy.call(caller, "activity", call.name, run));
  };

  async function runWithFault({ what, byMs }: FaultOf<"activity">, call: ActivityCall): Promise<ActivityEnd> {
    const { generation } = caller.lifetime;
    const atMs = clock.now();
    const { name } = call;
    switch (what) {
      case "twice": {
        proxy.injectedFaults.push({ atMs, kind: "activity-twice", generation, name, together: false });
        await runOnce(call);
        return runOnce(call);
      }
      case "twice-together": {
        // A straggler: the second run may continue long after the orchestration received the first result.
        proxy.injectedFaults.push({ atMs, kind: "activity-twice", generation, name, together: true });
        void sleep(clock, byMs).then(() => (caller.lifetime.alive ? runOnce(call, true) : never()));
        return runOnce(call);
      }
      case "late": {
        proxy.injectedFaults.push({ atMs, kind: "late-completion", generation, name, byMs });
        const end = await runOnce(call);
        await sleep(clock, byMs);
        return end;
      }
      case "lost": {
        proxy.injectedFaults.push({ atMs, kind: "lost-completion", generation, name, byMs });
        await runOnce(call);
        await sleep(clock, byMs);
        return runOnce(call);
      }
    }
  }
}

interface Handled {
  outcome: Exclude<ActivityRun["outcome"], "lost">;
  end: ActivityEnd;
}

/** Runs one activity as a host does, and returns its result or its error in the host's words. */
async function handled(ports: Context, call: ActivityCall, proxyContext: ProxyContext): Promise<Handled> {
  try {
    const input: unknown = JSON.parse(call.input ?? "null");
    const answer =
      call.name === "call-webhook" ? await webhook(ports, input, proxyContext) : await own(ports, call, input);
    const refused = "ok" in answer && answer.ok === false;
    return { outcome: refused ? "refused" : "ok", end: { ok: true, result: JSON.stringify(answer) } };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const reason = `Activity function '${call.name}' failed:  ${message}`;
    const end = { ok: false as const, reason, details: JSON.stringify({ Message: message }), failureDetails: null };
    return { outcome: "failed", end };
  }
}

function own(ports: Context, { name }: ActivityCall, input: unknown): Promise<object> {
  const starting = STARTING_ACTIVITIES.find((one) => one.name === name);
  if (starting) return starting.handle(ports, input);
  const activity = BY_NAME.get(name);
  if (!activity) throw new Error(`there is no activity ${name}`);
  return activity.handle(ports, input);
}

/** Why a call is not made, as the product's own activity refuses it. */
const REFUSED_BEFORE: ReadonlySet<string> = new Set(["cancelled", "execution-ended", "steered"]);

interface WebhookInput {
  executionId: string;
  seen?: number;
  payload: { actionId: string };
}

/** Replaces the network: the seed decides whether the address answers. */
async function webhook(ports: Ports, input: unknown, proxyContext: ProxyContext): Promise<object> {
  const { clock, caller, effects, webhooks } = proxyContext;
  const { executionId, payload, seen = 0 } = input as WebhookInput;
  const { actionId } = payload;
  try {
    await ports.assertActive(executionId, "forward");
    await requireCaughtUp(ports, { executionId, seen });
  } catch (thrown) {
    const code = thrown instanceof Error ? codeIn(thrown.message) : undefined;
    if (code === undefined || !REFUSED_BEFORE.has(code)) throw thrown;
    return { ok: false, code, message: (thrown as Error).message, details: [] };
  }
  const answered = webhooks.chance(0.8);
  effects.webhooks.push({ atMs: clock.now(), generation: caller.lifetime.generation, executionId, actionId, answered });
  await sleep(clock, webhooks.skewed(5, 5_000));
  const value = answered ? { delivered: true, status: 200 } : { delivered: false, why: "it did not answer" };
  return { ok: true, value };
}
