import { type InstanceState, TaskHubError, TERMINAL_STATUSES } from "../task-hub.js";
import { type Answer, RequestError } from "./answer.js";
import { CONTINUATION_HEADER, continuationToken, parseContinuationToken } from "./continuation.js";
import { historyDocument } from "./history-document.js";
import type { ManagementRequest, RouteContext } from "./management-request.js";
import { instanceFilter } from "./query.js";
import { isJson, jsonText, readText } from "./request-body.js";
import { type StatusDocument, statusDocument } from "./status-document.js";

/** How soon a client should poll an unfinished instance again. */
const POLL_AFTER_SECONDS = "5";

/** `GET instances/{id}`: 202 until the instance has finished, then 200; 404 for an unknown instance. */
export async function instanceStatus(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  return statusAnswer(instanceId(request), request, context);
}

/** The answer with the status of an instance, as the query of the request selects it. */
export async function statusAnswer(id: string, request: ManagementRequest, context: RouteContext): Promise<Answer> {
  const state = await context.hub.get(id);
  if (!state) return { status: 404 };
  const body = await withHistory(statusDocument(state, request.query.showinput), state, request, context);
  if (!TERMINAL_STATUSES.has(state.runtimeStatus)) {
    return { status: 202, headers: { Location: request.href, "Retry-After": POLL_AFTER_SECONDS }, body };
  }
  const showsFailure = state.runtimeStatus === "Failed" && request.query.returninternalservererroronfailure;
  return { status: showsFailure ? 500 : 200, body };
}

async function withHistory(
  document: StatusDocument,
  state: InstanceState,
  request: ManagementRequest,
  context: RouteContext,
): Promise<StatusDocument> {
  const { showhistory, showhistoryoutput: showOutput, showinput: showInput } = request.query;
  if (!showhistory || state.runtimeStatus === "Pending") return document;
  const events = (await context.hub.history(state.instanceId)) ?? [];
  return { ...document, historyEvents: historyDocument(events, { showInput, showOutput }) };
}

/** `GET instances`: a page of instances, and a token for the next page. */
export async function listInstances(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  const token = request.message.headers[CONTINUATION_HEADER];
  const position = typeof token === "string" && token !== "" ? parseContinuationToken(token) : undefined;
  const page = await context.hub.list(instanceFilter(request.query), request.query.top, position);
  const body = page.instances.map((state) => statusDocument(state, request.query.showinput));
  if (page.continuation === undefined) return { status: 200, body };
  return { status: 200, headers: { [CONTINUATION_HEADER]: continuationToken(page.continuation) }, body };
}

/** `DELETE instances/{id}`: 412 while the instance has not finished. */
export async function purgeInstance(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  await context.hub.purge(instanceId(request));
  return { status: 200, body: { instancesDeleted: 1 } };
}

/** `DELETE instances`: the finished instances within a range of creation times; 404 when there is none. */
export async function purgeInstances(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  if (request.query.createdtimefrom === undefined) {
    throw new RequestError(400, "Please provide value for 'createdTimeFrom' parameter.");
  }
  const count = await context.hub.purgeBy(instanceFilter(request.query));
  return count === 0 ? { status: 404 } : { status: 200, body: { instancesDeleted: count } };
}

/** `POST instances/{id}/raiseEvent/{event}`, with JSON. */
export async function addEvent(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  const id = instanceId(request);
  const [, , , event = ""] = request.segments;
  await requireUnfinished(id, context);
  if (!isJson(request.message)) {
    throw new RequestError(400, { Message: "Only application/json request content is supported" });
  }
  await context.hub.raiseEvent(id, event, jsonText(await readText(request.message)));
  return { status: 202 };
}

/** `POST instances/{id}/terminate`, `…/suspend` and `…/resume`, with a reason in the query. */
export function steer(verb: "terminate" | "suspend" | "resume") {
  return async (request: ManagementRequest, context: RouteContext): Promise<Answer> => {
    await context.hub[verb](instanceId(request), request.query.reason ?? null);
    return { status: 202 };
  };
}

/** A request to a missing or finished instance is refused as such, before its content is checked. */
async function requireUnfinished(id: string, context: RouteContext): Promise<void> {
  const state = await context.hub.get(id);
  if (!state) throw new TaskHubError("not-found", `There is no instance '${id}'.`);
  if (TERMINAL_STATUSES.has(state.runtimeStatus)) {
    throw new TaskHubError("finished", `The instance '${id}' has finished as ${state.runtimeStatus}.`);
  }
}

function instanceId(request: ManagementRequest): string {
  return request.segments[1] ?? "";
}
