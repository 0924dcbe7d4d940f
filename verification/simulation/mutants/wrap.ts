import type { ActivityCall, ActivityEnd, ActivityRunner } from "../../../host/durable/engine/index.js";
import type { Services } from "../../../src/commands/context.js";
import type { ExecutionPlan } from "../../../src/executions/contracts.js";
import type { ItemOperation, ItemOperations, ItemTask, TaskReply } from "../../../src/hypervisor/port.js";
import type { Store } from "../../../src/store/port.js";
import type { Tables } from "../../../src/store/tables/port.js";
import type { Mutant } from "./mutant.js";

type Reply = TaskReply<ItemOperations[ItemOperation]["result"]>;
type Run = (task: ItemTask<ItemOperation>) => Promise<Reply>;
type Wrapped = NonNullable<Mutant["services"]>;

/** Replaces every operation on an item. */
export const wrapOperations =
  (broken: (run: Run, task: ItemTask<ItemOperation>, services: Services, tables: Tables) => Promise<Reply>): Wrapped =>
  (services, tables) => {
    const { hypervisor } = services;
    const runOnItem = (task: ItemTask<ItemOperation>): Promise<Reply> =>
      broken((changed) => hypervisor.runOnItem(changed), task, services, tables);
    return { ...services, hypervisor: { ...hypervisor, runOnItem: runOnItem as typeof hypervisor.runOnItem } };
  };

/** Replaces methods of the store. */
export const wrapStore =
  (broken: (store: Store, services: Services) => Partial<Store>): Wrapped =>
  (services) => ({ ...services, store: { ...services.store, ...broken(services.store, services) } });

/** Changes the input of the activities with a name. */
export const changeInput =
  (name: string, change: (input: never) => unknown) =>
  (runner: ActivityRunner): ActivityRunner =>
  (call: ActivityCall) =>
    call.name === name && call.input !== null
      ? runner({ ...call, input: JSON.stringify(change(JSON.parse(call.input) as never)) })
      : runner(call);

/** Changes the result of the activities with a name. */
const changeAnswer =
  (name: string, change: (value: never) => unknown) =>
  (runner: ActivityRunner): ActivityRunner =>
  async (call: ActivityCall): Promise<ActivityEnd> => {
    const end = await runner(call);
    if (call.name !== name || !end.ok || end.result === null) return end;
    const answer = JSON.parse(end.result) as { ok: boolean; value: unknown };
    if (!answer.ok) return end;
    return { ok: true, result: JSON.stringify({ ...answer, value: change(answer.value as never) }) };
  };

type Opened = { open: false } | { open: true; plan: ExecutionPlan };

/** Changes the plan that an execution reads. */
export const changePlan = (change: (plan: ExecutionPlan) => ExecutionPlan) =>
  changeAnswer("open-execution", (opened: Opened) => (opened.open ? { ...opened, plan: change(opened.plan) } : opened));

/** An answer that claims an effect that never took place. */
export function claimDone(services: Services, result: object): Reply {
  const at = new Date(services.clock.now()).toISOString();
  return { state: "done", result: result as ItemOperations[ItemOperation]["result"], startedAt: at, endedAt: at };
}
