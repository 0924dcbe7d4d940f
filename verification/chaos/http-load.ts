import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

const TICK_MS = 10;
/** A sender that is not answered stops at some time, too. */
const MAX_UNANSWERED = 2_000;

export interface Answer {
  /** 0: the connection failed. */
  status: number;
  retryAfter: string | undefined;
  text: string;
  tookMs: number;
}

/** Sends requests at a rate of its own, whatever the answers are. */
export class HttpLoad {
  readonly statuses = new Map<number, number>();
  unanswered = 0;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 512 });
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async send(
    method: "GET" | "POST",
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const content = text === undefined ? {} : { "content-type": "application/json", "content-length": text.length };
    this.unanswered += 1;
    const beganMs = performance.now();
    const answer = await new Promise<Answer>((resolve) => {
      const none = () => resolve({ status: 0, retryAfter: undefined, text: "", tookMs: performance.now() - beganMs });
      const options = { method, agent: this.#agent, headers: { ...content, ...headers } };
      const sent = request(new URL(path, this.#url), options, (response) => {
        let received = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (received += chunk));
        response.once("error", none).once("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: response.headers["retry-after"],
            text: received,
            tookMs: performance.now() - beganMs,
          }),
        );
      });
      sent.once("error", none).end(text);
    });
    this.unanswered -= 1;
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    return answer;
  }

  /** Calls `send` so many times a second until `seconds` are over, and waits for the last answers. */
  async pace(perSecond: number, seconds: number, send: (at: number) => Promise<unknown>): Promise<number> {
    const beganMs = performance.now();
    const open = new Set<Promise<unknown>>();
    let sent = 0;
    for (;;) {
      const elapsedMs = performance.now() - beganMs;
      const due = Math.floor((Math.min(elapsedMs, seconds * 1_000) * perSecond) / 1_000);
      for (; sent < due && this.unanswered < MAX_UNANSWERED; sent += 1) {
        const one: Promise<unknown> = send(sent).finally(() => open.delete(one));
        open.add(one);
      }
      if (elapsedMs >= seconds * 1_000) break;
      await wait(TICK_MS);
    }
    await Promise.all(open);
    return sent;
  }

  close(): void {
    this.#agent.destroy();
  }
}
