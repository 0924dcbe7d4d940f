/**
 * Keeps heads of the log in blobs, each in a blob of its own that is never written again. With an immutability policy on
 * the container nobody can change one.
 *
 * Signed requests instead of the client library: two calls of the service are all that this needs.
 */
import { createHmac } from "node:crypto";
import type { KnownHead } from "../domain/evidence/anchor.js";

const VERSION = "2021-12-02";
const TIMEOUT_MS = 10_000;
const DEVELOPMENT =
  "AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoMGGw==;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1";

interface Account {
  name: string;
  endpoint: string;
  key: string | undefined;
  /** A shared access signature instead of the key. */
  signature: string | undefined;
}

function accountOf(connection: string): Account {
  const text = /UseDevelopmentStorage\s*=\s*true/i.test(connection) ? DEVELOPMENT : connection;
  const parts = new Map(
    text.split(";").map((part): [string, string] => {
      const at = part.indexOf("=");
      return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()];
    }),
  );
  const name = parts.get("accountname") ?? "";
  const { protocol, suffix } = {
    protocol: parts.get("defaultendpointsprotocol") ?? "https",
    suffix: parts.get("endpointsuffix") ?? "core.windows.net",
  };
  const endpoint = parts.get("blobendpoint") ?? `${protocol}://${name}.blob.${suffix}`;
  return {
    name,
    endpoint: endpoint.replace(/\/$/, ""),
    key: parts.get("accountkey"),
    signature: parts.get("sharedaccesssignature"),
  };
}

/** @param prefix of the container, the same as that of the tables */
export function keepInBlobs(connection: string, prefix: string): (head: KnownHead) => Promise<string> {
  const account = accountOf(connection);
  const container = `${prefix.toLowerCase()}-evidence`;
  return async (head) => {
    const name = `${container}/heads/${String(head.seq).padStart(12, "0")}.json`;
    const only = { "if-none-match": "*", "x-ms-blob-type": "BlockBlob" };
    const write = () => send(account, name, {}, only, JSON.stringify(head));
    let answer = await write();
    if (answer.status === 404) {
      await expectOk(await send(account, container, { restype: "container" }, {}, ""), [409]);
      answer = await write();
    }
    await expectOk(answer, [409, 412]);
    return name;
  };
}

/** @param also statuses that mean that it was there before */
async function expectOk(answer: Response, also: readonly number[]): Promise<void> {
  const text = await answer.text();
  if (answer.ok || also.includes(answer.status)) return;
  const code = answer.headers.get("x-ms-error-code") ?? text.slice(0, 200);
  throw new Error(`the blob service answered ${answer.status} (${code})`);
}

function send(
  account: Account,
  path: string,
  query: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Response> {
  const url = new URL(`${account.endpoint}/${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const sent: Record<string, string> = {
    ...headers,
    "x-ms-date": new Date().toUTCString(),
    "x-ms-version": VERSION,
    ...(body !== "" && { "content-type": "application/json" }),
  };
  if (account.signature !== undefined) {
    for (const [name, value] of new URLSearchParams(account.signature)) url.searchParams.set(name, value);
  } else if (account.key !== undefined) {
    const signature = createHmac("sha256", Buffer.from(account.key, "base64"))
      .update(textToSign(account, url, sent, Buffer.byteLength(body)))
      .digest("base64");
    sent["authorization"] = `SharedKey ${account.name}:${signature}`;
  }
  // An empty text would be sent with a content type of its own, which is not signed.
  const content = body === "" ? null : body;
  return fetch(url, { method: "PUT", headers: sent, body: content, signal: AbortSignal.timeout(TIMEOUT_MS) });
}

/** As "Authorize with Shared Key" of the storage services describes it. */
function textToSign({ name }: Account, url: URL, headers: Readonly<Record<string, string>>, length: number): string {
  const own = Object.entries(headers)
    .filter(([header]) => header.startsWith("x-ms-"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([header, value]) => `${header}:${value}\n`);
  const query = [...url.searchParams].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `\n${key}:${value}`);
  const { "content-type": type = "", "if-none-match": noneMatch = "" } = headers;
  const standard = ["PUT", "", "", length === 0 ? "" : String(length), "", type, "", "", "", noneMatch, "", "", ""];
  return `${standard.slice(0, 12).join("\n")}\n${own.join("")}/${name}${url.pathname}${query.join("")}`;
}
