import { z } from "zod";
import type { InstanceFilter, RuntimeStatus } from "../task-hub.js";
import { RequestError } from "./answer.js";

const STATUS_NAMES: readonly RuntimeStatus[] = [
  "Pending",
  "Running",
  "Suspended",
  "Completed",
  "Failed",
  "Terminated",
  "ContinuedAsNew",
  "Canceled",
];

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/i;
const ZONE = /(Z|[+-]\d{2}:\d{2})$/i;

const flag = z.stringbool({
  truthy: ["true"],
  falsy: ["false"],
  error: "must be 'true' or 'false'",
});

const timeMs = z.string().transform((text, context) => {
  const hasZone = !text.includes("T") || ZONE.test(text);
  const ms = ISO_TIME.test(text) ? Date.parse(hasZone ? text : `${text}Z`) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  context.addIssue({
    code: "custom",
    message: "must be an ISO 8601 time such as 2026-01-31T10:00:00Z ('+' written as %2B)",
  });
  return z.NEVER;
});

const seconds = z.string().transform((text, context) => {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  context.addIssue({ code: "custom", message: "must be a number of seconds above 0" });
  return z.NEVER;
});

const pageSize = z.string().transform((text, context) => {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  context.addIssue({ code: "custom", message: "must be a whole number above 0" });
  return z.NEVER;
});

/** Unknown status names are ignored, as on the genuine host. */
const statusNames = z.string().transform((text) => {
  const wanted = new Set(text.split(",").map((name) => name.trim().toLowerCase()));
  return STATUS_NAMES.filter((name) => wanted.has(name.toLowerCase()));
});

const parameters = z.object({
  showinput: flag.default(true),
  showhistory: flag.default(false),
  showhistoryoutput: flag.default(false),
  returninternalservererroronfailure: flag.default(false),
  restartwithnewinstanceid: flag.default(true),
  instanceidprefix: z.string().optional(),
  createdtimefrom: timeMs.optional(),
  createdtimeto: timeMs.optional(),
  runtimestatus: statusNames.optional(),
  top: pageSize.default(100),
  timeout: seconds.optional(),
  pollinginterval: seconds.optional(),
  version: z.string().optional(),
  reason: z.string().optional(),
  taskhub: z.string().optional(),
});

/** The parameters of all routes, by lower-case name. Times are milliseconds since the epoch. */
export type Query = z.output<typeof parameters>;

/**
 * Reads a query string. Names match in any case, an empty value counts as absent, and repeated values are joined by
 * commas.
 *
 * @throws RequestError 400 that names the parameter and its valid values
 */
export function parseQuery(search: URLSearchParams): Query {
  const given = new Map<string, string>();
  for (const [name, value] of search) {
    const key = name.toLowerCase();
    const before = given.get(key);
    if (value !== "") given.set(key, before === undefined ? value : `${before},${value}`);
  }
  const result = parameters.safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  const wrong = result.error.issues.map((issue) => `'${issue.path.join(".")}' ${issue.message}`);
  throw new RequestError(400, { Message: `The query can't be read: ${wrong.join("; ")}.` });
}

/** The part of a query that selects instances. */
export function instanceFilter(query: Query): InstanceFilter {
  return {
    ...(query.instanceidprefix !== undefined && { instanceIdPrefix: query.instanceidprefix }),
    ...(query.createdtimefrom !== undefined && { createdFromMs: query.createdtimefrom }),
    ...(query.createdtimeto !== undefined && { createdToMs: query.createdtimeto }),
    ...(query.runtimestatus !== undefined && { runtimeStatus: query.runtimestatus }),
  };
}
