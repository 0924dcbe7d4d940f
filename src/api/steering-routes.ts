import { z } from "zod";
import { MAX_EXTEND_MINUTES, StepId } from "../domain/steering/steering.js";
import { Guid, Id, Instant, Text } from "../domain/text.js";
import { type Route, route } from "./route.js";
import { accepted, noQuery } from "./schemas.js";

const optional = z.strictObject({ reason: Text.optional() }).prefault({});
const reasoned = z.strictObject({ reason: Text });

const steer = {
  right: "of-the-verb",
  method: "POST",
  params: z.strictObject({ executionId: Guid }),
  query: noQuery,
  headers: {},
  status: 202,
  answers: ["location", "retry-after"],
  response: accepted,
  problems: ["execution-not-found", "execution-ended", "decided-already", "steering-refused"],
} as const;

/** How people steer a running execution. Each act is recorded with person and reason, and the same act again changes nothing. */
export const STEERING_ROUTES = {
  pause: route({
    ...steer,
    id: "pause-execution",
    path: "api/executions/{executionId}/pause",
    summary: "Pause an execution: what is under way ends, and nothing new begins",
    body: optional,
  }),
  resume: route({
    ...steer,
    id: "resume-execution",
    path: "api/executions/{executionId}/resume",
    summary: "Resume a paused execution",
    body: optional,
  }),
  switchToUnplanned: route({
    ...steer,
    id: "switch-to-unplanned",
    path: "api/executions/{executionId}/switch-to-unplanned",
    summary: "Go on as an unplanned failover: sources that do not answer are given up, and loss is measured",
    body: reasoned,
  }),
  retry: route({
    ...steer,
    id: "retry-items",
    path: "api/executions/{executionId}/retry",
    summary: "Try items again that failed, while the execution runs; or answer its question about a failure",
    body: z
      .strictObject({
        itemIds: z.array(Id).min(1).max(2_000).optional().describe("by default all that failed"),
        reason: Text.optional(),
      })
      .prefault({}),
    problems: [...steer.problems, "nothing-awaited"],
  }),
  skip: route({
    ...steer,
    id: "skip-steps",
    right: "run",
    path: "api/executions/{executionId}/skip",
    summary: "Go on without probes, actions, or what an unplanned failover does not depend on",
    body: z.strictObject({
      stepIds: z.array(StepId).min(1).max(2_000).describe("ids of steps, from `allowedActions`"),
      reason: Text,
    }),
    problems: [...steer.problems, "nothing-awaited"],
  }),
  edit: route({
    ...steer,
    id: "edit-execution",
    right: "run",
    path: "api/executions/{executionId}/edit",
    summary: "Go on by another version of the plan, as far as the execution has not begun",
    body: z.strictObject({ planVersion: z.int().min(1).describe("a saved version of the same plan"), reason: Text }),
    problems: [...steer.problems, "plan-not-found"],
  }),
  extend: route({
    ...steer,
    id: "extend-wait",
    path: "api/executions/{executionId}/extend",
    summary: "Move the end of a wait: of a question, an action, the validation, an approval, or a step that hangs",
    body: z.strictObject({
      stepId: StepId.describe("from `awaits`"),
      until: Instant.describe("the end that you saw, from `awaits`: each end is moved once"),
      minutes: z.int().min(1).max(MAX_EXTEND_MINUTES).describe("real minutes"),
      reason: Text.optional(),
    }),
    problems: [...steer.problems, "approval-not-found", "approval-void"],
  }),
} as const satisfies Record<string, Route>;
