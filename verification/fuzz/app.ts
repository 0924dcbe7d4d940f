import { type LoadedApp, loadFunctionApp } from "../../host/app/load-app.js";
import { silentLogger } from "../../host/logger.js";
import { ROOT } from "../support/host-process.js";

/** Loads the built app as a Functions host does, with the settings that it needs. Node loads it only once. */
export function loadApp(): Promise<LoadedApp> {
  process.env["AzureWebJobsStorage"] ??= "UseDevelopmentStorage=true";
  process.env["WEBSITE_HOSTNAME"] ??= "localhost:7071";
  return loadFunctionApp({ directory: ROOT, logger: silentLogger });
}
