import { z } from "zod";
import { Guid, Id } from "../domain/text.js";
import { APPROVAL_ROUTES } from "./approval-routes.js";
import { DRILL_ROUTES } from "./drill-routes.js";
import { EVIDENCE_ROUTES } from "./evidence-routes.js";
import { executionSummary, executionView } from "./execution-schemas.js";
import { NOTIFICATION_ROUTES } from "./notification-routes.js";
import { PLAN_ROUTES } from "./plan-routes.js";
import { PREVIEW_ROUTES } from "./preview-routes.js";
import { type Route, route } from "./route.js";
import {
  accepted,
  cancelBody,
  cancelTimerBody,
  completeBody,
  confirmBody,
  continueWithoutBody,
  extendTimerBody,
  faultBody,
  faultView,
  itemDetail,
  itemView,
  noQuery,
  nothing,
  nowhere,
  pageOf,
  pageQuery,
  read,
  recoveryPointsView,
  resolveBody,
  startBody,
  unsettledView,
  validateBody,
} from "./schemas.js";
import { STEERING_ROUTES } from "./steering-routes.js";
import { TARGET_ROUTES } from "./target-routes.js";
import { TOKEN_ROUTES } from "./token-routes.js";
import { TOPOLOGY_ROUTES } from "./topology-routes.js";
import { WEBHOOK_ROUTES } from "./webhook-routes.js";
import { WORLD_ROUTES } from "./world-routes.js";

const inWorld = z.strictObject({ worldId: Id });
const onItem = z.strictObject({ worldId: Id, itemId: Id });
const onPlan = z.strictObject({ planId: Id });
const onExecution = z.strictObject({ executionId: Guid });

const start = {
  method: "POST",
  query: noQuery,
  body: startBody,
  headers: { "idempotency-key": "required" },
  status: 202,
  answers: ["location", "retry-after"],
  response: accepted,
} as const;
const decide = {
  method: "POST",
  params: onExecution,
  query: noQuery,
  headers: {},
  status: 202,
  answers: ["location", "retry-after"],
  response: accepted,
} as const;
const started = [
  ...(["verb-not-allowed", "item-held", "replication-group", "mixed-directions", "prerequisites-failed"] as const),
  ...(["no-recovery-point", "no-common-recovery-point", "option-not-used", "confirmation-mismatch"] as const),
  ...(["etag-mismatch", "idempotency-key-reused"] as const),
] as const;
const decided = ["execution-not-found", "execution-ended", "nothing-awaited", "decided-already"] as const;

const timed = ["execution-not-found", "nothing-awaited", "decided-already"] as const;

/** Every route of the API. */
export const ROUTES = {
  ...WORLD_ROUTES,
  listItems: route({
    ...read,
    id: "list-items",
    right: "read",
    path: "api/worlds/{worldId}/protected-items",
    summary: "List protected items with their states and allowed actions",
    params: inWorld,
    query: pageQuery,
    response: pageOf(itemView),
    problems: ["world-not-found"],
  }),
  getItem: route({
    ...read,
    id: "get-item",
    right: "read",
    path: "api/worlds/{worldId}/protected-items/{itemId}",
    summary: "Show a protected item and what the hypervisor reports about it",
    params: onItem,
    response: itemDetail,
    problems: ["world-not-found", "item-not-found"],
  }),
  listRecoveryPoints: route({
    ...read,
    id: "list-recovery-points",
    right: "read",
    path: "api/worlds/{worldId}/protected-items/{itemId}/recovery-points",
    summary: "List the recovery points of an item, newest first",
    params: onItem,
    response: recoveryPointsView,
    problems: ["world-not-found", "item-not-found"],
  }),
  startOnItem: route({
    ...start,
    id: "start-execution-on-item",
    right: "of-the-verb",
    path: "api/worlds/{worldId}/protected-items/{itemId}/executions",
    summary: "Start a verb on one item",
    params: onItem,
    problems: ["world-not-found", "item-not-found", ...started],
  }),
  addFault: route({
    id: "add-fault",
    right: "estate",
    method: "POST",
    path: "api/worlds/{worldId}/faults",
    summary: "Inject a fault: operations of an item, site or link fail, hang or slow down",
    params: inWorld,
    query: noQuery,
    body: faultBody,
    headers: {},
    status: 201,
    answers: [],
    response: faultView,
    problems: ["world-not-found", "item-not-found", "not-found", "too-many-faults"],
  }),
  listFaults: route({
    ...read,
    id: "list-faults",
    right: "read",
    path: "api/worlds/{worldId}/faults",
    summary: "List injected faults",
    params: inWorld,
    response: z.object({ entries: z.array(faultView) }),
    problems: ["world-not-found"],
  }),
  clearFaults: route({
    id: "clear-faults",
    right: "estate",
    method: "DELETE",
    path: "api/worlds/{worldId}/faults",
    summary: "Clear one injected fault, or all of them",
    params: inWorld,
    query: z.strictObject({ faultId: z.string().max(100).optional() }),
    body: nothing,
    headers: {},
    status: 200,
    answers: [],
    response: z.object({ cleared: z.int() }),
    problems: ["world-not-found"],
  }),
  ...PLAN_ROUTES,
  ...DRILL_ROUTES,
  ...WEBHOOK_ROUTES,
  startOnPlan: route({
    ...start,
    id: "start-execution-on-plan",
    right: "of-the-verb",
    path: "api/recovery-plans/{planId}/executions",
    summary: "Start a verb on a recovery plan",
    params: onPlan,
    problems: ["plan-not-found", "item-not-found", "custom-point-for-one-item", ...started],
  }),
  listExecutions: route({
    ...read,
    id: "list-executions",
    right: "read",
    answersWhatCallerMayRead: true,
    path: "api/executions",
    summary: "List executions, newest first",
    params: nowhere,
    query: pageQuery,
    response: pageOf(executionSummary),
    problems: [],
  }),
  listUnsettled: route({
    ...read,
    id: "list-unsettled-executions",
    right: "read",
    answersWhatCallerMayRead: true,
    path: "api/unsettled-executions",
    summary: "List executions that have not ended or that still need a repair, and what prevents it",
    params: nowhere,
    response: z.object({ entries: z.array(unsettledView) }),
    problems: [],
  }),
  getExecution: route({
    ...read,
    id: "get-execution",
    right: "read",
    path: "api/executions/{executionId}",
    summary: "Show an execution with its steps as a tree",
    params: onExecution,
    response: executionView,
    problems: ["execution-not-found"],
  }),
  validate: route({
    ...decide,
    id: "validate-execution",
    right: "of-the-verb",
    path: "api/executions/{executionId}/validate",
    summary: "Accept the recovered application, or reject it and undo the failover",
    body: validateBody,
    problems: decided,
  }),
  confirm: route({
    ...decide,
    id: "confirm-action",
    right: "of-the-verb",
    path: "api/executions/{executionId}/confirm",
    summary: "Confirm that a manual action is done, or decline it",
    body: confirmBody,
    problems: decided,
  }),
  completeAction: route({
    ...decide,
    id: "complete-action",
    right: "anonymous",
    path: "api/executions/{executionId}/actions/{actionId}/complete",
    summary: "Call back: the receiver of a webhook that answered 202 says that its work is done, or failed",
    params: z.strictObject({ executionId: Guid, actionId: Id }),
    body: completeBody,
    problems: ["call-back-refused", "execution-ended", "nothing-awaited", "decided-already"],
  }),
  resolve: route({
    ...decide,
    id: "resolve-failure",
    right: "of-the-verb",
    path: "api/executions/{executionId}/resolve",
    summary: "Decide what happens after a failure: retry, skip, stop or undo",
    body: resolveBody,
    problems: decided,
  }),
  continueWithout: route({
    ...decide,
    id: "continue-without",
    right: "of-the-verb",
    path: "api/executions/{executionId}/continue-without",
    summary: "Continue without machines whose steps hang or take unusually long",
    body: continueWithoutBody,
    problems: decided,
  }),
  cancel: route({
    ...decide,
    id: "cancel-execution",
    right: "of-the-verb",
    path: "api/executions/{executionId}/cancel",
    summary: "Cancel an execution: restore protection, or only stop, as Azure Site Recovery does",
    body: cancelBody,
    problems: ["execution-not-found", "execution-ended", "verb-not-allowed", "decided-already"],
  }),
  ...APPROVAL_ROUTES,
  ...EVIDENCE_ROUTES,
  cancelCommitTimer: route({
    ...decide,
    id: "cancel-commit-timer",
    right: "of-the-verb",
    path: "api/executions/{executionId}/commit-timer/cancel",
    summary: "Cancel the commit timer of a failover: it then waits for a person to commit or cancel it",
    body: cancelTimerBody,
    problems: timed,
  }),
  extendCommitTimer: route({
    ...decide,
    id: "extend-commit-timer",
    right: "of-the-verb",
    path: "api/executions/{executionId}/commit-timer/extend",
    summary: "Move the end of the commit timer of a failover to a later moment",
    body: extendTimerBody,
    problems: timed,
  }),
  ...STEERING_ROUTES,
  ...PREVIEW_ROUTES,
  ...TARGET_ROUTES,
  ...TOPOLOGY_ROUTES,
  ...TOKEN_ROUTES,
  ...NOTIFICATION_ROUTES,
  openApi: route({
    ...read,
    id: "openapi",
    right: "read",
    answersWhatCallerMayRead: true,
    path: "api/openapi.json",
    summary: "Show this OpenAPI description",
    params: nowhere,
    response: z.record(z.string(), z.unknown()),
    problems: [],
  }),
} as const;

export const ALL_ROUTES: readonly Route[] = Object.values(ROUTES);
