import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../clock.js";
import type { Logger } from "../logger.js";
import type { HostJson } from "../settings/host-json.js";
import type { FunctionApp } from "./function-app.js";

/** Requests under this path belong to extensions and never reach a function. */
export const WEBHOOKS_PATH = "/runtime/webhooks/";

/**
 * Something beside HTTP and timers that gives functions their work, such as a durable task hub.
 *
 * Life: made by an {@link ExtensionFactory} once the app is loaded and has use for it; `start` before the first request
 * is served; `stop` once, after the listener was closed, also when `start` failed.
 */
export interface HostExtension {
  readonly name: string;
  /** The trigger types it gives work to, as registered (`activityTrigger`). Others are named as not served at start. */
  readonly triggerTypes: readonly string[];
  /** The JSON text that every `durableClient` input receives. */
  clientBinding?(): string;
  /**
   * Offered every request below {@link WEBHOOKS_PATH}, the caller's key already checked. The body is unread.
   * Answers `true` when it has dealt with the request, else the host answers 404.
   */
  handle(req: IncomingMessage, res: ServerResponse, url: URL): Promise<boolean>;
  start(app: FunctionApp): Promise<void>;
  /** Takes no new work and resolves once running work has ended or can safely be left to the next start. */
  stop(): Promise<void>;
}

/** What the host gives an extension to be made with. */
export interface ExtensionContext {
  /** From `host.json`, with `%NAME%` replaced. */
  hubName: string;
  /** A full storage connection string, never `UseDevelopmentStorage=true`. */
  connectionString: string;
  hostJson: HostJson;
  clock: Clock;
  logger: Logger;
  /** Where the host can be reached, without a slash at the end: `http://127.0.0.1:7071`. */
  baseUrl: () => string;
  /** The key that callers of {@link WEBHOOKS_PATH} must give as `?code=`; absent while keys are not asked for. */
  systemKey?: string;
}

export type ExtensionFactory = (context: ExtensionContext) => HostExtension;
