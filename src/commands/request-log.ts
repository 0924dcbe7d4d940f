/**
 * The records of requests that change something.
 *
 * - Q1 A request of a known caller is in the log before it has any effect, and its outcome afterwards. When the log cannot
 *   be written, the request has no effect.
 * - Q2 A refused credential, or one without the right, writes nothing: nobody fills the log from outside. A request that
 *   proves itself by a signature or a token is recorded once it was accepted.
 * - Q3 No body is in the log, only its hash, because a body may name secrets.
 *
 * Tests: test/e2e/evidence.test.ts, test/unit/access/route-matrix.test.ts.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Caller } from "../domain/access/caller.js";
import type { LogEntry } from "../domain/evidence/log-record.js";
import { canonicalJson } from "../domain/identity.js";
import { Guid, Id, toInstant } from "../domain/text.js";
import type { Context } from "./context.js";

/** A request as the log knows it. */
export interface LoggedRequest {
  route: string;
  caller: Caller;
  params: Readonly<Record<string, unknown>>;
  body: unknown;
}

/** How a request came out, as its answer says. */
export interface Outcome {
  status: number;
  code: string | null;
}

/** Does what a request asks for, with a record before and after. */
export async function logged<T>(
  context: Context,
  request: LoggedRequest,
  act: () => Promise<T>,
  outcome: { done: (answer: T) => number; failed: (thrown: unknown) => Outcome },
): Promise<T> {
  const recordId = randomUUID();
  const intended = request.caller.credential !== "none";
  const common = commonOf(request);
  if (intended) await context.store.appendToLog({ ...common, ...intentOf(context, request), recordId });
  const note = (kind: "request-done" | "request-refused" | "request-failed", result: Outcome) =>
    context.store.appendToLog({ ...common, ...result, kind, at: nowOf(context), recordId: `${recordId}/result` });
  try {
    const answer = await act();
    await note("request-done", { status: outcome.done(answer), code: null });
    return answer;
  } catch (thrown) {
    const result = outcome.failed(thrown);
    const kind = result.status >= 500 ? "request-failed" : "request-refused";
    if (intended) await note(kind, result).catch(() => undefined);
    throw thrown;
  }
}

const nowOf = ({ clock }: Context): string => toInstant(clock.now());

const commonOf = ({ route, caller, params }: LoggedRequest) => ({
  about: aboutOf(params),
  route,
  person: caller.person,
  credential: caller.credential,
});

const text = z.string();
function intentOf(context: Context, { params, body }: LoggedRequest) {
  const texts = Object.entries(params).map(([name, value]) => [name, text.parse(value).slice(0, 300)] as const);
  return {
    kind: "request-intended" as const,
    at: nowOf(context),
    params: Object.fromEntries(texts),
    bodyHash: body === undefined ? null : context.hash(canonicalJson(body)),
  };
}

/** What the path of a request names. */
const Named = { executionId: Guid, planId: Id, worldId: Id, approvalId: Guid };

function aboutOf(params: LoggedRequest["params"]): LogEntry["about"] {
  const named = Object.entries(Named).flatMap(([name, schema]) => {
    const { data } = schema.safeParse(params[name]);
    return data === undefined ? [] : [[name, data] as const];
  });
  return Object.fromEntries(named);
}
