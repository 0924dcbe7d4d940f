import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import type { HostProcess } from "./host-process.js";

const JSON_TYPE = { "content-type": "application/json" };
const PATIENCE = { timeout: 60_000, interval: 25 };

/** A file in which activities leave a line for each time they ran. */
export class Effects {
  readonly path: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, "effects.jsonl");
  }

  static async open(): Promise<Effects> {
    const effects = new Effects(await mkdtemp(join(tmpdir(), "effects-")));
    await writeFile(effects.path, "");
    return effects;
  }

  /** How often each step of each instance ran, as `instance/step`. */
  async counts(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const line of (await readFile(this.path, "utf8")).split("\n")) {
      if (line === "") continue;
      const { instanceId, step } = JSON.parse(line) as { instanceId: string; step: number };
      const key = `${instanceId}/${step}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  async atLeast(steps: number): Promise<void> {
    await vi.waitFor(async () => expect((await this.counts()).size).toBeGreaterThanOrEqual(steps), PATIENCE);
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}

/** What a client asks of a host's management API. */
export class Client {
  readonly #host: () => HostProcess;

  constructor(host: () => HostProcess) {
    this.#host = host;
  }

  async post(path: string, body: unknown): Promise<number> {
    const response = await fetch(`${this.#api}/${path}`, {
      method: "POST",
      headers: JSON_TYPE,
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  }

  async status(
    instanceId: string,
  ): Promise<{ runtimeStatus: string; output: unknown; historyEvents: { EventType: string }[] }> {
    const response = await fetch(`${this.#api}/instances/${instanceId}?showHistory=true`);
    return (await response.json()) as Awaited<ReturnType<Client["status"]>>;
  }

  async reaches(instanceId: string, runtimeStatus: string): Promise<unknown> {
    const check = async (): Promise<unknown> => {
      const status = await this.status(instanceId);
      expect(status).toMatchObject({ runtimeStatus });
      return status.output;
    };
    return vi.waitFor(check, PATIENCE);
  }

  get #api(): string {
    return `${this.#host().origin}/runtime/webhooks/durabletask`;
  }
}

/** Twenty sequences side by side. */
export class Load {
  readonly ids: readonly string[];
  readonly steps = 12;
  readonly #client: Client;

  constructor(client: Client, prefix: string) {
    this.#client = client;
    this.ids = Array.from({ length: 20 }, (_, n) => `${prefix}-${n}`);
  }

  async start(): Promise<void> {
    const started = this.ids.map((id) => this.#client.post(`orchestrators/Effects/${id}`, { steps: this.steps }));
    expect(new Set(await Promise.all(started))).toEqual(new Set([202]));
  }

  /** All have ended with every step's result recorded once; every step ran, and only what was under way ran again. */
  async expectFinished(effects: Effects, interruptions: number): Promise<void> {
    const wanted = Array.from({ length: this.steps }, (_, step) => step);
    for (const id of this.ids) {
      expect(await this.#client.reaches(id, "Completed")).toEqual(wanted);
      const { historyEvents } = await this.#client.status(id);
      expect(historyEvents.filter((event) => event.EventType === "TaskCompleted")).toHaveLength(this.steps);
    }
    const counts = await effects.counts();
    const keys = this.ids.flatMap((id) => wanted.map((step) => `${id}/${step}`));
    expect([...counts.keys()].toSorted()).toEqual(keys.toSorted());
    const repeated = this.ids.map((id) => wanted.filter((step) => (counts.get(`${id}/${step}`) ?? 0) > 1).length);
    expect(Math.max(...repeated)).toBeLessThanOrEqual(interruptions);
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(1 + interruptions);
  }
}
