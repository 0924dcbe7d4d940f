import type { FunctionApp } from "../app/function-app.js";
import type { ExtensionContext } from "../app/host-extension.js";
import { EngineTaskHub } from "./engine/hub.js";
import { refuseNewerHub, stampFormat } from "./hub-format.js";
import { HubLease, wentBack } from "./lease.js";
import type { OpenTaskHub } from "./management/durable-extension.js";
import { HubLostError } from "./store/port.js";
import { openTable, TableHistoryStore } from "./store/table-store.js";
import { TransientFaults } from "./store/transient-faults.js";

/**
 * Opens the task hub of a host over its storage: takes the lease, then takes up whatever is unfinished. Whenever the
 * storage may have been away, it is asked first whether the hub is still this host's and has what it acknowledged.
 *
 * @param onFatal called when another host has taken the hub, or the storage lost some of it: this host must end at once
 * @throws HubHeldError while another host runs the hub
 * @throws ConfigurationError when a newer host wrote it, or unfinished orchestrations are of a version that may not go on
 */
export async function openTaskHub(
  context: ExtensionContext,
  app: FunctionApp,
  onFatal: (error: Error) => void,
): Promise<OpenTaskHub> {
  const { connectionString, hubName, clock, logger, hostJson } = context;
  const faults = new TransientFaults(clock, logger);
  const table = openTable(connectionString, `${hubName}Host`);
  const onLost = (error: Error): void => hub.engine.fail(error);
  const lease = new HubLease({ table, clock, logger, faults, url: context.baseUrl, onLost });
  await refuseNewerHub(table, hubName, faults);
  await lease.acquire();
  await stampFormat(table, faults);
  const store = new TableHistoryStore({ connectionString, hubName, clock, logger, faults });
  const { maxConcurrentActivityFunctions, maxConcurrentOrchestratorFunctions, ...settings } = hostJson.durableTask;
  const hub = new EngineTaskHub({
    hubName,
    app,
    store,
    clock,
    logger,
    maxConcurrentActivities: maxConcurrentActivityFunctions,
    maxConcurrentOrchestrators: maxConcurrentOrchestratorFunctions,
    maxActions: settings.maxOrchestrationActions,
    replaceRunning: settings.overridableExistingInstanceStates === "AnyState",
    ...(settings.defaultVersion === undefined ? {} : { defaultVersion: settings.defaultVersion }),
    versionMatch: settings.versionMatch,
    onFatal,
  });
  faults.guard(() =>
    standing(lease, store).catch((error: Error) => {
      if (error instanceof HubLostError) onLost(error);
      throw error;
    }),
  );
  try {
    await hub.open();
  } catch (error) {
    await lease.release();
    throw error;
  }
  return {
    hub,
    async stop() {
      await hub.close();
      store.close();
      faults.close();
      await lease.release();
    },
  };
}

/** Rejects when the hub is not as this host left it. */
async function standing(lease: HubLease, store: TableHistoryStore): Promise<void> {
  await lease.check();
  const lost = await store.lost();
  if (lost !== undefined) throw wentBack(lost);
}
