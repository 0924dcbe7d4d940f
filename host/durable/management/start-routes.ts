import type { Clock } from "../../clock.js";
import { TaskHubError, TERMINAL_STATUSES } from "../task-hub.js";
import { type Answer, parsedOrRaw, RequestError } from "./answer.js";
import { instanceLinks } from "./client-payload.js";
import { statusAnswer } from "./instance-routes.js";
import type { ManagementRequest, RouteContext } from "./management-request.js";
import { jsonText, readText } from "./request-body.js";

/** How soon a client should poll a started instance. */
const FIRST_POLL_AFTER_SECONDS = "10";

/** `POST orchestrators/{name}/{id?}`: starts an instance. An empty body means no input. */
export async function startInstance(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  const [, name = "", instanceId] = request.segments;
  const text = await readText(request.message);
  const input = text === "" ? null : jsonText(text);
  const started = await context.hub.start({ name, instanceId, version: request.query.version, input });
  return answerToStart(started.instanceId, request, context);
}

/** `POST instances/{id}/restart`: starts the same name and input again, under a new id by default. */
export async function restartInstance(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  const [, id = ""] = request.segments;
  const started = await context.hub.restart(id, request.query.restartwithnewinstanceid).catch((error: unknown) => {
    throw restartRefusal(error);
  });
  return answerToStart(started.instanceId, request, context);
}

function restartRefusal(error: unknown): unknown {
  if (!(error instanceof TaskHubError)) return error;
  if (error.code === "exists") {
    return new TaskHubError("exists", "A non-terminal instance with this instance ID already exists.");
  }
  if (error.code !== "not-found") return error;
  return new RequestError(400, {
    Message: "InstanceId does not match a valid orchestration instance.",
    ExceptionMessage: error.message,
  });
}

/** The links of a started instance, or its result when the caller wants to wait and the instance ends in time. */
async function answerToStart(id: string, request: ManagementRequest, context: RouteContext): Promise<Answer> {
  const { timeout, pollinginterval } = request.query;
  if (timeout !== undefined && pollinginterval !== undefined) {
    const outcome = await waitForEnd(id, request, context, { timeout, interval: pollinginterval });
    if (outcome) return outcome;
  }
  const links = instanceLinks(request.origin, id, context.links);
  const headers = { Location: links["statusQueryGetUri"] ?? "", "Retry-After": FIRST_POLL_AFTER_SECONDS };
  return { status: 202, headers, body: links };
}

/** @param wait in seconds */
async function waitForEnd(
  id: string,
  request: ManagementRequest,
  context: RouteContext,
  wait: { timeout: number; interval: number },
): Promise<Answer | undefined> {
  const { clock, hub, stopping } = context;
  const endMs = clock.now() + wait.timeout * 1000;
  while (!stopping.aborted && !request.message.socket.destroyed) {
    const state = await hub.get(id);
    if (state?.runtimeStatus === "Completed") return { status: 200, body: parsedOrRaw(state.output) };
    if (state && TERMINAL_STATUSES.has(state.runtimeStatus)) return statusAnswer(id, request, context);
    if (clock.now() >= endMs) return undefined;
    await pause(clock, Math.min(endMs, clock.now() + wait.interval * 1000), stopping);
  }
  return undefined;
}

function pause(clock: Clock, untilMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const alarm = clock.at(untilMs, done);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      alarm.cancel();
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
