import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { CheckedAddress } from "./egress-guard.js";

/** The answer of the other side. The body is cut at {@link MAX_ANSWER_BYTES}. */
export interface WebhookAnswer {
  readonly status: number;
  readonly body: string;
}

const MAX_ANSWER_BYTES = 4_096;

/**
 * Posts a body to a URL over a connection to the address given, whatever the name resolves to by now. Redirects are
 * not followed. Rejects with a `TimeoutError` when there is no answer within `timeoutMs`.
 */
export function post(
  url: URL,
  to: CheckedAddress,
  { headers, body }: { headers: Readonly<Record<string, string>>; body: string },
  timeoutMs: number,
): Promise<WebhookAnswer> {
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: "POST",
      agent: false,
      signal,
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      lookup: (_host, options, found) => {
        if (options.all) found(null, [{ address: to.address, family: to.family }]);
        else found(null, to.address, to.family);
      },
    });
    outgoing.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    // An offer to switch protocols is an answer too; without this, Node only closes the connection.
    outgoing.on("upgrade", (incoming, socket) => {
      resolve({ status: incoming.statusCode ?? 0, body: "" });
      socket.destroy();
    });
    outgoing.on("close", () => reject(new Error("the connection was closed without an answer")));
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const finish = (): void => {
        const text = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString("utf8");
        resolve({ status: incoming.statusCode ?? 0, body: text });
        incoming.destroy();
      };
      incoming.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.byteLength;
        if (length >= MAX_ANSWER_BYTES) finish();
      });
      incoming.on("end", finish);
      incoming.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    });
    outgoing.end(body);
  });
}
