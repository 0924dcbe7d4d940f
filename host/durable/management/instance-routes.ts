import { type InstanceState, TaskHubError, TERMINAL_STATUSES } from "../task-hub.js";
import { type Answer, RequestError } from "./answer.js";
import { CONTINUATION_HEADER, continuationToken, placeOf } from "./continuation.js";
import { historyDocument } from "./history-document.js";
import type { ManagementRequest, RouteContext } from "./management-request.js";
import { filterOf } from "./query.js";
import { isJson, jsonText, readText } from "./request-body.js";
import { type StatusDocument, statusDocument } from "./status-document.js";

/** Where a caller finds the state of an instance that has not finished, and how soon to look again. */
const POLL_AFTER_SECONDS = "5";

/** `GET instances/{id}`: 202 until it has finished, then 200; 404 for an unknown one. */
export async function instanceStatus(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  return statusOf(idOf(request), request, context);
}

/** The status answer for `instanceId`, shaped by the request's query. */
export async function statusOf(id: string, request: ManagementRequest, context: RouteContext): Promise<Answer> {
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

/** `GET instances`: a page of them, and a token for the next. */
export async function listInstances(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  const token = request.message.headers[CONTINUATION_HEADER];
  const place = typeof token === "string" && token !== "" ? placeOf(token) : undefined;
  const page = await context.hub.list(filterOf(request.query), request.query.top, place);
  const body = page.instances.map((state) => statusDocument(state, request.query.showinput));
  if (page.continuation === undefined) return { status: 200, body };
  return { status: 200, headers: { [CONTINUATION_HEADER]: continuationToken(page.continuation) }, body };
}

/** `DELETE instances/{id}`: 412 while it has not finished. */
export async function purgeInstance(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  await context.hub.purge(idOf(request));
  return { status: 200, body: { instancesDeleted: 1 } };
}

/** `DELETE instances`: finished ones in a window of creation times; 404 when there was none. */
export async function purgeInstances(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  if (request.query.createdtimefrom === undefined) {
    throw new RequestError(400, "Please provide value for 'createdTimeFrom' parameter.");
  }
  const count = await context.hub.purgeBy(filterOf(request.query));
  return count === 0 ? { status: 404 } : { status: 200, body: { instancesDeleted: count } };
}

/** `POST instances/{id}/raiseEvent/{event}`, with JSON. */
export async function addEvent(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  const id = idOf(request);
  const [, , , event = ""] = request.segments;
  await unfinished(id, context);
  if (!isJson(request.message)) {
    throw new RequestError(400, { Message: "Only application/json request content is supported" });
  }
  await context.hub.raiseEvent(id, event, jsonText(await readText(request.message)));
  return { status: 202 };
}

/** `POST instances/{id}/terminate`, `…/suspend` and `…/resume`, with a reason in the query. */
export function steer(verb: "terminate" | "suspend" | "resume") {
  return async (request: ManagementRequest, context: RouteContext): Promise<Answer> => {
    await context.hub[verb](idOf(request), request.query.reason ?? null);
    return { status: 202 };
  };
}

/** Bad content is only worth a word about an instance that could have taken good content. */
async function unfinished(id: string, context: RouteContext): Promise<void> {
  const state = await context.hub.get(id);
  if (!state) throw new TaskHubError("not-found", `There is no instance '${id}'.`);
  if (TERMINAL_STATUSES.has(state.runtimeStatus)) {
    throw new TaskHubError("finished", `The instance '${id}' has finished as ${state.runtimeStatus}.`);
  }
}

function idOf(request: ManagementRequest): string {
  return request.segments[1] ?? "";
}
