import { fileURLToPath } from "node:url";
import { type LoadedApp, loadFunctionApp } from "../../host/app/load-app.js";
import { silentLogger } from "../../host/logger.js";

/** The folder of the built app; this file is built into its `dist/verification/fuzz`. */
export const APP = fileURLToPath(new URL("../../../", import.meta.url));

/** Loads the built app as a Functions host does, which needs the settings of one. The second time it is there already. */
export function loadApp(): Promise<LoadedApp> {
  process.env["AzureWebJobsStorage"] ??= "UseDevelopmentStorage=true";
  return loadFunctionApp({ directory: APP, logger: silentLogger });
}
