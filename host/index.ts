/** The embedded Functions host as a library. */
export type { FunctionApp, InvocationRequest, InvocationResult, RegisteredFunction } from "./app/function-app.js";
export type { ExtensionContext, ExtensionFactory, HostExtension } from "./app/host-extension.js";
export { type LoadedApp, loadFunctionApp } from "./app/load-app.js";
export { type Clock, systemClock } from "./clock.js";
export { createConsoleLogger } from "./console-logger.js";
export { createDurableExtension } from "./durable/management/durable-extension.js";
export { openTaskHub } from "./durable/open-hub.js";
export { FunctionsHost, type HostOptions, startHost } from "./host.js";
export { type Logger, silentLogger } from "./logger.js";
export { ConfigurationError } from "./settings/configuration-error.js";
