import type { FunctionApp } from "../app/function-app.js";
import type { ExtensionContext } from "../app/host-extension.js";
import { EngineTaskHub } from "./engine/hub.js";
import { refuseNewerHub, stampFormat } from "./hub-format.js";
import { dataLostError, HubLease } from "./lease.js";
import type { OpenTaskHub } from "./management/durable-extension.js";
import { HubLostError } from "./store/port.js";
import { openTable, TableHistoryStore } from "./store/table-store.js";
import { TransientFaults } from "./store/transient-faults.js";

/**
 * Opens the task hub of a host: takes the lease, then loads every unfinished instance. After an outage the host first
 * checks that it still holds the lease and that the storage still has the newest rows.
 *
 * @param onFatal called when another host has taken the hub or the storage has lost data: this host must end at once
 * @throws HubHeldError while another host runs the hub
 * @throws ConfigurationError when a newer host wrote the hub, or unfinished orchestrations have a version that this app must not run
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
  faults.checkWith(
    () =>
      verifyHub(lease, store).catch((error: Error) => {
        if (error instanceof HubLostError) onLost(error);
        throw error;
      }),
    () => table.upsertEntity({ partitionKey: "host", rowKey: "probe" }, "Replace"),
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
async function verifyHub(lease: HubLease, store: TableHistoryStore): Promise<void> {
  await lease.check();
  const lost = await store.findLost();
  if (lost !== undefined) throw dataLostError(lost);
}
