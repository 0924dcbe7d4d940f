import { TaskHubError } from "../task-hub.js";

/** The answer of a route. Without a body the response is empty. */
export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** A JSON value. */
  body?: unknown;
}

/** An error in the form of the management API. */
export interface ErrorDocument {
  Message: string;
  ExceptionMessage?: string;
  ExceptionType?: string;
}

/** The request is not valid. Nothing was changed. */
export class RequestError extends Error {
  readonly status: 400 | 413 | 501;
  readonly body: ErrorDocument | string;

  /** @param body a plain text where clients expect one: they would show a document as `[object Object]` */
  constructor(status: RequestError["status"], body: ErrorDocument | string) {
    super(typeof body === "string" ? body : body.Message);
    this.name = "RequestError";
    this.status = status;
    this.body = body;
  }
}

/** For a feature that the genuine host has and this host does not have. */
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

/** Codes whose answers have no body, because clients expect none. */
const WITHOUT_BODY: ReadonlySet<TaskHubError["code"]> = new Set(["not-found", "finished"]);

/** The answer to a refused request; undefined when the error is a fault of the host. */
export function answerToError(error: unknown): Answer | undefined {
  if (error instanceof RequestError) return { status: error.status, body: error.body };
  if (!(error instanceof TaskHubError)) return undefined;
  const status = HUB_STATUS[error.code];
  if (WITHOUT_BODY.has(error.code)) return { status };
  // The genuine host sends this text as a plain JSON string.
  if (error.code === "not-finished") return { status, body: error.message };
  return { status, body: { Message: error.message } satisfies ErrorDocument };
}

/** The answer to a fault of the host. */
export function answerToFault(error: unknown): Answer {
  const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
  const document: ErrorDocument = {
    Message: "Something went wrong while processing your request",
    ExceptionMessage: message,
    ExceptionType: name,
  };
  return { status: 500, body: document };
}

/** A stored text as a value: parsed when it is JSON, otherwise the text itself, such as the text of a failure. */
export function parsedOrRaw(text: string | null): unknown {
  if (text === null) return null;
  if (text.trim() === "") return "";
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
