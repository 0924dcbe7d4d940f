import { TaskHubError } from "../task-hub.js";

/** What a route answers; without a body the response is empty. */
export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** A JSON value. */
  body?: unknown;
}

/** Errors as the management API words them. */
export interface ErrorDocument {
  Message: string;
  ExceptionMessage?: string;
  ExceptionType?: string;
}

/** The request can't be served as it stands; nothing was changed. */
export class RequestError extends Error {
  readonly status: 400 | 413 | 501;
  readonly body: ErrorDocument | string;

  /** @param body a bare text where clients expect one: they would show a document as `[object Object]`. */
  constructor(status: RequestError["status"], body: ErrorDocument | string) {
    super(typeof body === "string" ? body : body.Message);
    this.name = "RequestError";
    this.status = status;
    this.body = body;
  }
}

/** For what other hosts do and this one does not: says so, and what to do. */
export function notServed(what: string, advice: string): RequestError {
  return new RequestError(501, `${what} not served by the embedded host. ${advice}`);
}

const HUB_STATUS: Record<TaskHubError["code"], number> = {
  exists: 409,
  "not-found": 404,
  finished: 410,
  "not-finished": 412,
  "invalid-id": 400,
  "wrong-state": 409,
  "not-served": 501,
};

/** Codes whose status says everything; clients expect these answers without a body. */
const WITHOUT_BODY: ReadonlySet<TaskHubError["code"]> = new Set(["not-found", "finished"]);

/** The answer to a failed request, or `undefined` when the failure is the host's own. */
export function answerToError(error: unknown): Answer | undefined {
  if (error instanceof RequestError) return { status: error.status, body: error.body };
  if (!(error instanceof TaskHubError)) return undefined;
  const status = HUB_STATUS[error.code];
  if (WITHOUT_BODY.has(error.code)) return { status };
  // The genuine host sends this one text as a bare JSON string.
  if (error.code === "not-finished") return { status, body: error.message };
  return { status, body: { Message: error.message } satisfies ErrorDocument };
}

/** The answer to a failure of the host itself. */
export function answerToFault(error: unknown): Answer {
  const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
  const document: ErrorDocument = {
    Message: "Something went wrong while processing your request",
    ExceptionMessage: message,
    ExceptionType: name,
  };
  return { status: 500, body: document };
}
