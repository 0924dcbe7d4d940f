import { connect } from "node:net";
import fc from "fast-check";
import { PROBLEM_MEDIA_TYPE } from "../../../src/api/problem.js";
import { FuzzedHost } from "../fuzzed-host.js";
import { change, changed, type Json, nastyText } from "../mutate.js";
import { bomb, type Pieces, plain, textOf } from "../pieces.js";
import { SMALL_PLAN, SMALL_WORLD } from "../small-estate.js";
import { type Target, type Verdict, Violation } from "../target.js";
import { edit, edited } from "../text-edits.js";

/** Bytes on the wire, and whether the sender breaks off. */
interface Sent {
  line: string;
  headers: [string, string][];
  body: Pieces;
  /** How the length of the body is given: correctly, wrongly, in good or bad chunks, twice, or not at all. */
  framing: "length" | "longer" | "shorter" | "chunks" | "bad-chunks" | "both" | "none";
  /** `hold` keeps the connection open and sends nothing more. */
  ends: "waits" | "breaks-off" | "hold";
}

const MAX_WAIT_MS = 10_000;
/** How long a request that is not whole may be answered. */
const PARTIAL_WAIT_MS = 50;
const MAX_HELD_CONNECTIONS = 200;
const NOT_SERVED = "501";

const PATHS = [
  "/api/worlds/w",
  "/api/worlds",
  "/api/recovery-plans/p",
  "/api/recovery-plans?limit=1",
  "/api/recovery-plans/p/executions",
  "/api/executions",
  "/api/executions/00000000-0000-4000-8000-000000000000",
  "/api/worlds/w/protected-items/m1",
  "/api/worlds/w/faults",
  "/api/openapi.json",
  "/runtime/webhooks/durabletask/instances",
  "/runtime/webhooks/durabletask/instances/x",
  "/runtime/webhooks/durabletask/orchestrators/none/x",
  "/admin/host/status",
  "/admin/functions",
  "/admin/functions/sweep-executions",
  "/admin/functions/constructor",
  "/",
  "*",
  "http://elsewhere/api/worlds",
  "//api//worlds",
  "/api/worlds/%00",
  "/api/worlds/%2e%2e%2f",
  "/api/worlds/a%2Fb",
  "/api/worlds/%FF",
  `/api/worlds/${"x".repeat(1_024)}`,
  `/${"x/".repeat(7_000)}`,
];
const METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "NONE", "get"];
const VERSIONS = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9.9", ""];

const path = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...PATHS) },
  {
    weight: 2,
    arbitrary: nastyText.map((text) => `/api/worlds/${encodeURIComponent(Buffer.from(text).toString("utf8"))}`),
  },
  { weight: 1, arbitrary: nastyText.map((text) => `/api/executions/${text}`) },
);

const header = fc.oneof(
  fc.constantFrom<[string, string][]>(
    ["content-type", "application/json"],
    ["content-type", "application/yaml"],
    ["content-type", "text/plain"],
    ["content-encoding", "gzip"],
    ["idempotency-key", "k"],
    ["idempotency-key", "x".repeat(5_000)],
    ["if-match", 'W/"1"'],
    ["if-none-match", "*"],
    ["expect", "100-continue"],
    ["upgrade", "websocket"],
    ["host", "a b"],
    ["host", ""],
    ["x-a", "y".repeat(20_000)],
    ["cookie", "a=b"],
    ["x-http-method-override", "DELETE"],
    ["constructor", "x"],
  ),
  fc.tuple(fc.constantFrom("x-a", "if-match", "idempotency-key", "a b", ""), nastyText),
);

const bodies = fc.oneof(
  {
    weight: 30,
    arbitrary: fc
      .tuple(
        fc.constantFrom(SMALL_PLAN as Json, SMALL_WORLD as unknown as Json),
        fc.array(change, { maxLength: 3 }),
        fc.array(edit, { maxLength: 2 }),
      )
      .map(([document, changes, edits]) => plain(edited(JSON.stringify(changed(document, changes)), edits))),
  },
  { weight: 20, arbitrary: fc.constant<Pieces>([]) },
  { weight: 1, arbitrary: bomb },
);

const requests: fc.Arbitrary<Sent> = fc.record({
  line: fc
    .tuple(fc.constantFrom(...METHODS.slice(0, 4), ...METHODS), path, fc.constantFrom(...VERSIONS))
    .map((words) => words.join(" ")),
  headers: fc.oneof(
    { weight: 30, arbitrary: fc.array(header, { maxLength: 4 }) },
    {
      weight: 1,
      arbitrary: fc.constant(Array.from({ length: 3_000 }, (_, index): [string, string] => [`x-${index}`, "y"])),
    },
  ),
  body: bodies,
  framing: fc.constantFrom("length", "length", "length", "longer", "shorter", "chunks", "bad-chunks", "both", "none"),
  ends: fc.constantFrom("waits", "waits", "waits", "waits", "breaks-off", "hold"),
});

function bytesOf({ line, headers, body, framing }: Sent): Buffer {
  const content = Buffer.from(textOf(body));
  const lengths: Record<Sent["framing"], string> = {
    length: `content-length: ${content.length}\r\n`,
    longer: `content-length: ${content.length + 100}\r\n`,
    shorter: `content-length: ${Math.max(0, content.length - 10)}\r\n`,
    chunks: "transfer-encoding: chunked\r\n",
    "bad-chunks": "transfer-encoding: chunked\r\n",
    both: `content-length: ${content.length}\r\ntransfer-encoding: chunked\r\n`,
    none: "",
  };
  const hasHost = headers.some(([name]) => name === "host");
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `${line}\r\n${hasHost ? "" : "host: localhost\r\n"}connection: close\r\n${lines}${lengths[framing]}\r\n`;
  const chunk = Buffer.from(`${content.length.toString(16)}\r\n`);
  const end = Buffer.from("\r\n0\r\n\r\n");
  const framed = {
    chunks: content.length === 0 ? [Buffer.from("0\r\n\r\n")] : [chunk, content, end],
    "bad-chunks": [Buffer.from("zz\r\n"), content, end],
    both: [chunk, content, end],
  };
  return Buffer.concat([
    Buffer.from(head),
    ...(framing in framed ? framed[framing as keyof typeof framed] : [content]),
  ]);
}

/**
 * The whole product over real sockets: malformed HTTP, bad chunks, truncated bodies, floods of headers, connections
 * that stay open.
 */
class HttpFuzzer {
  readonly #held: (() => void)[] = [];
  #host: FuzzedHost | undefined;

  async feed(sent: Sent): Promise<Verdict> {
    this.#host ??= await FuzzedHost.start();
    const answer = await this.#exchange(this.#host.url, sent);
    const fault = this.#host.nextFault();
    if (fault !== undefined) throw new Violation(`the host logged: ${fault}`);
    return verdictOf(answer, sent);
  }

  async close(): Promise<void> {
    for (const release of this.#held.splice(0)) release();
    await this.#host?.stop();
    this.#host = undefined;
  }

  #exchange(url: URL, sent: Sent): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname);
      const chunks: Buffer[] = [];
      const done = (): void => {
        clearTimeout(late);
        resolve(Buffer.concat(chunks).toString("latin1"));
      };
      const late = setTimeout(
        () => {
          socket.destroy();
          if (isWhole(sent)) reject(new Violation("no answer to a complete request"));
          else done();
        },
        isWhole(sent) ? MAX_WAIT_MS : PARTIAL_WAIT_MS,
      );
      socket.on("data", (chunk) => chunks.push(chunk));
      socket.on("error", () => undefined);
      socket.once("close", done);
      socket.once("connect", () => {
        const bytes = bytesOf(sent);
        if (sent.ends === "waits") socket.write(bytes);
        else if (sent.ends === "breaks-off") socket.write(bytes.subarray(0, bytes.length / 2), () => socket.destroy());
        else {
          socket.write(bytes.subarray(0, bytes.length / 2));
          this.#hold(() => socket.destroy());
          socket.off("close", done);
          done();
        }
      });
    });
  }

  #hold(release: () => void): void {
    this.#held.push(release);
    if (this.#held.length > MAX_HELD_CONNECTIONS) this.#held.shift()?.();
  }
}

/** Whether the server has received the whole request. */
const isWhole = ({ ends, framing, line }: Sent): boolean =>
  ends === "waits" && framing !== "longer" && framing !== "none" && !line.startsWith("CONNECT");

function verdictOf(all: string, sent: Sent): Verdict {
  const answer = all.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "");
  if (answer === "") return "refused";
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? "";
  if (status === "" || (status >= "500" && status !== NOT_SERVED))
    throw new Violation(`answered ${answer.slice(0, 500)}`);
  const isExplained =
    /\r\ncontent-length: 0\r\n/i.test(answer) || answer.includes(PROBLEM_MEDIA_TYPE) || REFUSED_BY_PARSER.test(status);
  const [, request = ""] = sent.line.split(" ");
  if (request.startsWith("/api/") && status >= "400" && !isExplained && !sent.line.startsWith("HEAD")) {
    throw new Violation(`answered ${status} without saying why: ${answer.slice(0, 500)}`);
  }
  return status >= "400" ? "refused" : "accepted";
}

/** Statuses with which the HTTP parser refuses input before there is a request. */
const REFUSED_BY_PARSER = /^(400|408|413|417|431)$/;

export function httpTarget(): Target<Sent> {
  const fuzzer = new HttpFuzzer();
  return {
    name: "http",
    share: 10_000,
    inputs: requests,
    feed: (sent) => fuzzer.feed(sent),
    close: () => fuzzer.close(),
  };
}
