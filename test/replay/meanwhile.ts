import { cancelExecution, continueWithout } from "../../src/commands/decisions.js";
import { RecoveryError } from "../../src/domain/errors.js";
import type { Step } from "../../src/domain/execution.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { SiteChange } from "../../src/domain/worlds/estate-changes.js";
import type { VirtualApp } from "../support/virtual-app.js";

/** What happens to the estate, or is decided, while an execution runs. */
export type Meanwhile = (app: VirtualApp, executionId: string) => Promise<unknown>;

const MINUTE_MS = 60_000;

/** Cancelled once an operation has hung for ten minutes. */
export const cancelled =
  (behaviour: "restore-protection" | "as-documented"): Meanwhile =>
  async (app, executionId) => {
    await app.pass(10 * MINUTE_MS);
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

/** Somebody makes a machine with the name of an item at the recovery site, right before the start. */
export const nameTaken =
  (itemId: string) =>
  ({ context, worldId }: VirtualApp): Promise<void> =>
    context.estate.changeSite(worldId, "away", { existingMachines: [itemId] });

/** The same right after the start, or while a step runs. */
export const nameTakenLater =
  (itemId: string, stepId?: string): Meanwhile =>
  async (app, executionId) => {
    const isRunning = ({ id, status }: Step) => id === stepId && status === "running";
    if (stepId !== undefined) await app.until(executionId, ({ steps }) => steps.some(isRunning));
    await nameTaken(itemId)(app);
  };

/** Time for app-consistent recovery points. */
export const hoursLater = (app: VirtualApp): Promise<void> => app.pass(5 * 60 * MINUTE_MS);

/** A site changes while a person looks at the result. */
export const siteChangedBeforeVerdict =
  (siteId: string, change: SiteChange): Meanwhile =>
  async (app, executionId) => {
    await app.awaiting(executionId, "validate");
    await app.context.estate.changeSite(app.worldId, siteId, change);
  };
