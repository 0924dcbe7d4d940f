import { z } from "zod";
import { Guid, Text } from "../domain/text.js";
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
} as const satisfies Record<string, Route>;
