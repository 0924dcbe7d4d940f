import { cancelExecution, continueWithout } from "../../src/commands/decisions.js";
import { RecoveryError } from "../../src/domain/errors.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { SiteChange } from "../../src/domain/worlds/estate-changes.js";
import type { VirtualApp } from "../support/virtual-app.js";

/** What happens to the estate, or is decided, while an execution runs. */
export type Meanwhile = (app: VirtualApp, executionId: string) => Promise<unknown>;

const HOUR_MS = 3_600_000;

/** Cancelled once an operation has hung for hours. */
export const cancelled =
  (behaviour: "restore-protection" | "as-documented"): Meanwhile =>
  async (app, executionId) => {
    await app.pass(3 * HOUR_MS);
    await cancelExecution(app.context, executionId, { behaviour, by: "tester", reason: undefined });
  };

/** A person goes on without the machine that hangs. */
export const continuedWithout: Meanwhile = async (app, executionId) => {
  await app.until(executionId, ({ status, awaits }) => {
    if (isEnded(status)) throw new Error("nothing was stuck");
    return awaits.some(({ kind }) => kind === "continue-without");
  });
  await continueWithout(app.context, executionId, { itemIds: undefined, by: "tester", reason: "it hangs" });
};

/** The rows of the items cannot be read when the execution opens. */
export const itemsUnreadable: Meanwhile = async ({ context: { store } }) => {
  const getItems = store.getItems.bind(store);
  store.getItems = async () => {
    store.getItems = getItems;
    throw new RecoveryError("row-unreadable", "the row of the item app is damaged");
  };
};

/** After the look before the first effect there are no recovery points, as often as they are asked for. */
export const pointsGone =
  (times: number): Meanwhile =>
  async (app) => {
    const { hypervisor } = app.context;
    const recoveryPoints = hypervisor.recoveryPoints.bind(hypervisor);
    const before = (await app.items()).length;
    let looks = 0;
    hypervisor.recoveryPoints = async (...asked) => {
      looks += 1;
      const isGone = looks > before;
      if (looks === before + times) hypervisor.recoveryPoints = recoveryPoints;
      const known = await recoveryPoints(...asked);
      return isGone ? { ...known, points: [] } : known;
    };
  };

/** A machine gets an operating system that cannot be recovered, once a step of the execution runs; else at once. */
export const unfit =
  (itemId: string, whileRunning?: string): Meanwhile =>
  async (app, executionId) => {
    await app.until(executionId, ({ steps }) => {
      const step = steps.find(({ id }) => id === whileRunning);
      return whileRunning === undefined || step?.status === "running";
    });
    await app.context.estate.changeMachine(app.worldId, itemId, { os: "OS/2 Warp 4" });
  };

/** Right before the start. */
export const unfitBefore =
  (itemId: string) =>
  async ({ context, worldId }: VirtualApp): Promise<void> =>
    context.estate.changeMachine(worldId, itemId, { os: "OS/2 Warp 4" });

/** A site changes while a person looks at the result. */
export const siteChangedBeforeVerdict =
  (siteId: string, change: SiteChange): Meanwhile =>
  async (app, executionId) => {
    await app.awaiting(executionId, "validate");
    await app.context.estate.changeSite(app.worldId, siteId, change);
  };
