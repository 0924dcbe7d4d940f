import type { ServerResponse } from "node:http";
import { z } from "zod";

const nullable = <T extends z.ZodType>(value: T) =>
  z
    .object({ value: value.nullish() })
    .nullish()
    .transform((wrapped) => wrapped?.value ?? undefined);

const cookieSchema = z.object({
  name: z.string(),
  value: z.string().nullish(),
  domain: nullable(z.string()),
  path: nullable(z.string()),
  expires: nullable(z.object({ seconds: z.coerce.number() })),
  secure: nullable(z.boolean()),
  httpOnly: nullable(z.boolean()),
  sameSite: z.enum(["none", "lax", "strict", "explicitNone"]).default("none"),
  maxAge: nullable(z.number()),
});

/** The response of an HTTP function, as the library encodes it. */
const httpDataSchema = z.object({
  statusCode: z.coerce.number().int().min(200).max(599),
  headers: z.record(z.string(), z.string()).default({}),
  cookies: z.array(cookieSchema).default([]),
  body: z.object({ bytes: z.instanceof(Uint8Array).optional(), string: z.string().optional() }).nullish(),
});

const SAME_SITE = { none: undefined, lax: "Lax", strict: "Strict", explicitNone: "None" } as const;
const STATUS_WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * Sends the response of an HTTP function. No value becomes 204.
 *
 * @throws when the value is not a response; then nothing has been sent
 */
export function sendFunctionResponse(res: ServerResponse, returned: unknown): void {
  if (returned === undefined || returned === null) {
    res.writeHead(204).end();
    return;
  }
  const { statusCode, headers, cookies, body } = httpDataSchema.parse(returned);
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  if (cookies.length > 0) res.setHeader("Set-Cookie", cookies.map(cookieText));
  res.statusCode = statusCode;
  const bytes = body?.bytes ?? (body?.string === undefined ? undefined : Buffer.from(body.string));
  if (bytes && bytes.length > 0 && !STATUS_WITHOUT_BODY.has(statusCode)) {
    res.write(bytes);
  }
  res.end();
}

function cookieText(cookie: z.infer<typeof cookieSchema>): string {
  const parts = [`${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value ?? "")}`];
  if (cookie.maxAge !== undefined) parts.push(`Max-Age=${Math.trunc(cookie.maxAge)}`);
  if (cookie.domain !== undefined) parts.push(`Domain=${cookie.domain}`);
  if (cookie.path !== undefined) parts.push(`Path=${cookie.path}`);
  if (cookie.expires !== undefined) parts.push(`Expires=${new Date(cookie.expires.seconds * 1000).toUTCString()}`);
  if (cookie.httpOnly) parts.push("HttpOnly");
  if (cookie.secure) parts.push("Secure");
  const sameSite = SAME_SITE[cookie.sameSite];
  if (sameSite) parts.push(`SameSite=${sameSite}`);
  return parts.join("; ");
}

export function sendEmpty(res: ServerResponse, status: number): void {
  res.writeHead(status, status === 204 ? {} : { "Content-Length": "0" }).end();
}

export function sendText(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(text);
}

export function sendJson(res: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  res
    .writeHead(status, { "Content-Type": "application/json; charset=utf-8", "Content-Length": Buffer.byteLength(text) })
    .end(text);
}
