import { randomUUID } from "node:crypto";
import { expect, vi } from "vitest";
import type { DurableHost } from "./durable-host.js";

export interface Answered {
  status: number;
  headers: Headers;
  body: unknown;
}

const JSON_TYPE = { "content-type": "application/json" };

/** A caller of the management API who knows nothing but HTTP. */
export class ApiClient {
  readonly url: string;

  constructor(host: DurableHost) {
    this.url = `${host.origin}/runtime/webhooks/durabletask`;
  }

  async ask(
    method: string,
    path: string,
    body?: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = JSON_TYPE,
  ): Promise<Answered> {
    const response = await fetch(`${this.url}/${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
  }

  /** Starts an instance and answers its id. */
  async start(name: string, input: unknown = null, id: string = randomUUID()): Promise<string> {
    const { status } = await this.ask("POST", `orchestrators/${name}/${id}`, JSON.stringify(input));
    expect(status).toBe(202);
    return id;
  }

  /** Until the instance has the status; answers its id. */
  async reaches(id: string, runtimeStatus: string): Promise<string> {
    const check = async (): Promise<void> => {
      expect((await this.ask("GET", `instances/${id}`)).body).toMatchObject({ runtimeStatus });
    };
    await vi.waitFor(check, { timeout: 10_000, interval: 20 });
    return id;
  }
}
