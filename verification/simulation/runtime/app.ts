import { type LoadedApp, loadFunctionApp } from "../../../host/app/load-app.js";
import { silentLogger } from "../../../host/logger.js";
import { APP_FOLDER } from "../../../test/support/virtual-app.js";

let loading: Promise<LoadedApp> | undefined;

/** The product's orchestrations, loaded once. The invocation id is a constant, because only logs contain it. */
export function loadedApp(): Promise<LoadedApp> {
  loading ??= loadFunctionApp({
    directory: APP_FOLDER,
    logger: silentLogger,
    clock: { now: () => 0, at: () => ({ cancel: () => undefined }), after: () => ({ cancel: () => undefined }) },
  }).then((app) => ({ ...app, invoke: (fn, request) => app.invoke(fn, { ...request, invocationId: "simulated" }) }));
  return loading;
}
