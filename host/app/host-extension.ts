import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../clock.js";
import type { Logger } from "../logger.js";
import type { HostJson } from "../settings/host-json.js";
import type { FunctionApp } from "./function-app.js";

/** Requests below this path go to extensions and never reach a function. */
export const WEBHOOKS_PATH = "/runtime/webhooks/";

/**
 * A source of work for functions other than HTTP and timers, such as a durable task hub.
 *
 * An {@link ExtensionFactory} makes it when a loaded app needs it. The host calls `start` before it serves the first
 * request, and `stop` once after it has closed the listener, also when `start` failed.
 */
export interface HostExtension {
  readonly name: string;
  /** The trigger types that it serves, as registered (`activityTrigger`). The host reports other types at start. */
  readonly triggerTypes: readonly string[];
  /** The JSON text that every `durableClient` input receives. */
  clientBinding?(): string;
  /**
   * Receives every request below {@link WEBHOOKS_PATH}. The key of the caller is checked, and the body is unread.
   * Resolves with `true` when it has answered the request; otherwise the host answers 404.
   */
  handle(req: IncomingMessage, res: ServerResponse, url: URL): Promise<boolean>;
  start(app: FunctionApp): Promise<void>;
  /** Takes no new work. Resolves when running work has ended or can safely be left to the next start. */
  stop(): Promise<void>;
}

/** What an extension gets from the host. */
export interface ExtensionContext {
  /** From `host.json`, with `%NAME%` replaced. */
  hubName: string;
  /** A full storage connection string, never `UseDevelopmentStorage=true`. */
  connectionString: string;
  hostJson: HostJson;
  clock: Clock;
  logger: Logger;
  /** The address of the host without a trailing slash: `http://127.0.0.1:7071`. */
  baseUrl: () => string;
  /** The key that callers of {@link WEBHOOKS_PATH} must send as `?code=`; absent when the host requires no keys. */
  systemKey?: string;
}

export type ExtensionFactory = (context: ExtensionContext) => HostExtension;
