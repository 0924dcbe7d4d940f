import { z } from "zod";
import { codeIn, ERRORS, type ErrorCode, messageOf, RecoveryError } from "../domain/errors.js";

type ErrorEntry = (typeof ERRORS)[ErrorCode];

/** Errors that only HTTP can cause. The others are in the domain's catalogue. */
const HTTP_ERRORS = {
  "malformed-body": {
    httpStatus: 400,
    retryable: false,
    title: "The body cannot be read",
    causes: "The body is cut off, or does not have the format of its content type.",
    action: "Correct the text at the position named and send it again.",
  },
  "header-missing": {
    httpStatus: 400,
    retryable: false,
    title: "A header is missing",
    causes: "The route needs the header to make the request safe to repeat.",
    action: "Send the header. For Idempotency-Key, use a new text such as a GUID for each new request.",
  },
  "body-too-large": {
    httpStatus: 413,
    retryable: false,
    title: "The body is too large",
    causes: "A body may have up to 1 MiB, a world up to 8 MiB, and YAML up to 25,000 tokens.",
    action: "Send a large YAML document as JSON. Split larger documents.",
  },
  "unsupported-media-type": {
    httpStatus: 415,
    retryable: false,
    title: "The content type is not supported",
    causes: "Bodies are JSON or YAML without a content encoding.",
    action: "Send application/json or application/yaml, without a content encoding.",
  },
  "route-not-found": {
    httpStatus: 404,
    retryable: false,
    title: "There is no such route",
    causes: "The path is mistyped, or belongs to another version of the API.",
    action: "Use one of the routes in details. GET /api/openapi.json describes all of them.",
  },
  "method-not-allowed": {
    httpStatus: 405,
    retryable: false,
    title: "The route does not take this method",
    causes: "The path is right, but it is read or changed by another method.",
    action: "Use one of the methods in the header Allow. GET /api/openapi.json describes what each of them does.",
  },
  "too-many-requests": {
    httpStatus: 429,
    retryable: true,
    title: "There are too many requests",
    causes: "A caller sends more than its rate, or the host is overloaded with requests of this kind.",
    action: "Wait for the seconds of the header Retry-After and send the same request again, with the same key.",
  },
  "unexpected-fault": {
    httpStatus: 500,
    retryable: true,
    title: "An unexpected error occurred",
    causes: "Secondsite has a defect, or cannot reach its storage.",
    action: "Try again. If the error remains, check the log at the time of this response.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ProblemCode = ErrorCode | keyof typeof HTTP_ERRORS;

const CATALOGUE: Readonly<Record<ProblemCode, ErrorEntry>> = { ...ERRORS, ...HTTP_ERRORS };

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** One field of a request that is wrong. */
export const invalidFieldSchema = z.object({
  part: z.enum(["path", "query", "body"]),
  path: z.string(),
  message: z.string(),
});
export type InvalidField = z.infer<typeof invalidFieldSchema>;

/** A problem document (RFC 9457) with the catalogue's code, causes and advice. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  retryable: z.boolean(),
  causes: z.string(),
  action: z.string(),
  details: z.array(z.string()).optional(),
  fields: z.array(invalidFieldSchema).optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** A problem found before any command ran. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly code: ProblemCode;
  readonly fields: readonly InvalidField[];
  readonly details: readonly string[];

  constructor(
    code: ProblemCode,
    message: string,
    found: { fields?: readonly InvalidField[]; details?: readonly string[] } = {},
  ) {
    super(message);
    this.code = code;
    this.fields = found.fields ?? [];
    this.details = found.details ?? [];
  }
}

export function statusOf(code: ProblemCode): number {
  return CATALOGUE[code].httpStatus;
}

/** The problem document for a thrown value. A fault without a code reveals no details. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof ApiProblem) {
    const { code, message, fields, details } = thrown;
    return document(code, message, {
      ...(fields.length > 0 && { fields: [...fields] }),
      ...(details.length > 0 && { details: [...details] }),
    });
  }
  if (thrown instanceof RecoveryError) {
    const message = thrown.message.slice(thrown.code.length + 2).trim();
    return document(thrown.code, message, thrown.details.length > 0 ? { details: [...thrown.details] } : {});
  }
  const code = codeIn(messageOf(thrown));
  if (code !== undefined) return document(code, CATALOGUE[code].title, {});
  return document("unexpected-fault", "The request failed.", {});
}

/** Limits the size of a response, because it quotes a request of up to a mebibyte. */
const MAX_TEXT_CHARACTERS = 1_000;
const MAX_DETAILS = 50;

const short = (text: string): string =>
  text.length > MAX_TEXT_CHARACTERS ? `${text.slice(0, MAX_TEXT_CHARACTERS)}…` : text;

function document(
  code: ProblemCode,
  detail: string,
  { details, fields }: Pick<Problem, "details" | "fields">,
): Problem {
  const { httpStatus, title, retryable, causes, action } = CATALOGUE[code];
  return {
    type: `urn:secondsite:problem:${code}`,
    title,
    status: httpStatus,
    detail: short(detail),
    code,
    retryable,
    causes,
    action,
    ...(details && { details: first(details) }),
    ...(fields && {
      fields: fields.map(({ part, path, message }) => ({ part, path: short(path), message: short(message) })),
    }),
  };
}

function first(details: readonly string[]): string[] {
  const left = details.length - MAX_DETAILS;
  const shown = details.slice(0, MAX_DETAILS).map(short);
  return left > 0 ? [...shown, `and ${left} more`] : shown;
}
