import { createHash, randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { TableClient, TableServiceClient } from "@azure/data-tables";
import { inject } from "vitest";
import { parse } from "yaml";
import type { z } from "zod";
import { type Client, createClient } from "../../src/api/client.js";
import type { executionView } from "../../src/api/execution-schemas.js";
import type { Route } from "../../src/api/route.js";
import { ROUTES } from "../../src/api/routes.js";
import type { startBody } from "../../src/api/schemas.js";
import { tokenText } from "../../src/domain/access/access-token.js";
import type { Role } from "../../src/domain/access/roles.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";
import { uniquePrefix } from "./azurite.js";
import type { Decision } from "./execution-driver.js";
import { type HostProgram, type HostSettings, SHARED_HOSTS, startHostProgram } from "./host-program.js";

/** Much longer than anything a test waits for. */
const TIMEOUT_MS = 120_000;
const POLL_INTERVAL_MS = 50;

export type ExecutionAnswer = z.output<typeof executionView>;
type Start = z.input<typeof startBody>;

const sample = async (file: string): Promise<unknown> =>
  parse(await readFile(new URL(`../../samples/shop/${file}`, import.meta.url), "utf8"));

/** The built app in a host of its own or in one that test files share, used over HTTP. */
export class RunningApp {
  /** Emulated seconds per real second. */
  readonly speed = Number(SHARED_HOSTS.realistic.EMULATOR_SPEED);
  readonly url: string;
  readonly prefix: string;
  readonly client: Client;
  readonly #logFile: string;
  readonly #host: HostProgram | undefined;
  readonly #token: string | undefined;

  private constructor({ url, prefix, logFile }: Omit<HostProgram, "stop">, host?: HostProgram, token?: string) {
    this.url = url;
    this.prefix = prefix;
    this.#logFile = logFile;
    this.client = createClient(url, { observe: assertDescribed, ...(token !== undefined && { token }) });
    this.#host = host;
    this.#token = token;
  }

  /**
   * A host of the test's own, for a test that kills it, spoils its rows or compares all of them.
   * @param token what the client sends, outside of the local mode
   */
  static async start(settings: HostSettings = {}, prefix = uniquePrefix(), token?: string): Promise<RunningApp> {
    const host = await startHostProgram(inject("storage"), prefix, settings);
    return new RunningApp(host, host, token);
  }

  /** A host of the test's own whose callers need a token. `client` is that of its first administrator. */
  static async startWithTokens(settings: HostSettings = {}, prefix = uniquePrefix()): Promise<RunningApp> {
    const token = tokenText(randomBytes(8).toString("hex"), randomBytes(32).toString("hex"));
    const host = await startHostProgram(inject("storage"), prefix, { ...settings, ...inTokensMode(token) });
    return new RunningApp(host, host, token);
  }

  /** A client of a person whom the administrator gives a token with roles. */
  async clientOf(person: string, ...roles: Role[]): Promise<Client> {
    const grants = roles.map((role) => ({ role }));
    const { body } = await this.client.call(ROUTES.createToken, { params: {}, body: { person, grants } });
    return createClient(this.url, { observe: assertDescribed, token: body.token });
  }

  /** A host of the whole run. Tests must use ids of their own. */
  static shared(kind: keyof typeof SHARED_HOSTS): RunningApp {
    return new RunningApp(inject("hosts")[kind]);
  }

  /** Everything that the host has written to its log. */
  log(): Promise<string> {
    return readFile(this.#logFile, "utf8");
  }

  /** Kills the host as a power cut would, and starts another one over the same storage. */
  async killAndRestart(settings: HostSettings = {}): Promise<RunningApp> {
    await this.#ownHost().stop("SIGKILL");
    const identity = this.#token === undefined ? {} : inTokensMode(this.#token);
    return RunningApp.start({ ...identity, ...settings }, this.prefix, this.#token);
  }

  stop(): Promise<void> {
    return this.#ownHost().stop();
  }

  #ownHost(): HostProgram {
    if (this.#host === undefined) throw new Error("other tests use this host too");
    return this.#host;
  }

  /** Imports the sample shop under new ids. */
  async loadShop(
    changeWorld: (world: WorldInput) => WorldInput = (world) => world,
    changePlan: (plan: PlanInput) => PlanInput = (plan) => plan,
  ): Promise<{ worldId: string; planId: string }> {
    const worldId = `w-${randomUUID()}`;
    const world = changeWorld({ ...((await sample("world.yaml")) as WorldInput), id: worldId });
    await this.client.call(ROUTES.importWorld, { params: { worldId }, body: world });
    const planId = await this.savePlan(worldId, changePlan);
    return { worldId, planId };
  }

  async savePlan(worldId: string, change: (plan: PlanInput) => PlanInput = (plan) => plan): Promise<string> {
    const plan = change(await this.samplePlan(worldId));
    await this.client.call(ROUTES.savePlan, { params: { planId: plan.id }, body: plan });
    return plan.id;
  }

  /** The sample plan for a world, under a new id. */
  async samplePlan(worldId: string): Promise<PlanInput> {
    return { ...((await sample("plan.yaml")) as PlanInput), id: `p-${randomUUID()}`, worldId };
  }

  async start(planId: string, body: Start, key: string = randomUUID()): Promise<string> {
    const headers = { "idempotency-key": key };
    return (await this.client.call(ROUTES.startOnPlan, { params: { planId }, headers, body })).body.executionId;
  }

  async startOnItem(worldId: string, itemId: string, body: Start): Promise<string> {
    const call = { params: { worldId, itemId }, headers: { "idempotency-key": randomUUID() }, body };
    return (await this.client.call(ROUTES.startOnItem, call)).body.executionId;
  }

  async look(executionId: string): Promise<ExecutionAnswer> {
    return (await this.client.call(ROUTES.getExecution, { params: { executionId } })).body;
  }

  async until(executionId: string, wanted: (execution: ExecutionAnswer) => boolean): Promise<ExecutionAnswer> {
    const execution = await poll(
      () => this.look(executionId),
      (seen) => wanted(seen) || isEnded(seen.status),
    );
    if (wanted(execution)) return execution;
    throw new Error(`not reached: ${execution.status} ${JSON.stringify(execution.failure)}`);
  }

  ended(executionId: string): Promise<ExecutionAnswer> {
    return this.until(executionId, ({ status }) => isEnded(status));
  }

  async decide(executionId: string, decision: Decision): Promise<void> {
    const params = { executionId };
    switch (decision.kind) {
      case "confirm": {
        const { actionId, ask, done } = decision;
        await this.client.call(ROUTES.confirm, { params, body: { actionId, ask, done } });
        return;
      }
      case "validate": {
        const reason = "looked at it";
        const body = { verdict: decision.verdict, reason };
        await this.client.call(ROUTES.validate, { params, body });
        return;
      }
      case "resolve": {
        const { ask, answer } = decision;
        await this.client.call(ROUTES.resolve, { params, body: { ask, answer } });
      }
    }
  }

  /** Confirms the manual action of the sample plan when the execution gets there. */
  async confirm(executionId: string): Promise<void> {
    await this.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "confirm"));
    await this.client.call(ROUTES.confirm, { params: { executionId }, body: { actionId: "check-orders" } });
  }

  async validate(executionId: string, body: z.input<typeof ROUTES.validate.body>): Promise<void> {
    await this.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "validate"));
    await this.client.call(ROUTES.validate, { params: { executionId }, body });
  }

  async items(worldId: string) {
    return (await this.client.call(ROUTES.listItems, { params: { worldId }, query: { limit: 100 } })).body.entries;
  }

  async states(worldId: string): Promise<string[]> {
    return [...new Set((await this.items(worldId)).map(({ state }) => state))].sort();
  }

  /**
   * Every row of the app's own tables, but not those of the hub, where the host works all the time, and not the log, which
   * notes refused requests too.
   */
  async dump(): Promise<string> {
    const options = { allowInsecureConnection: true };
    const tables: string[] = [];
    for await (const { name } of TableServiceClient.fromConnectionString(inject("storage"), options).listTables()) {
      const own = name?.startsWith(this.prefix) ? name.slice(this.prefix.length) : "Hub";
      if (name !== undefined && !own.startsWith("Hub") && own !== "VaultLog") tables.push(name);
    }
    const rows: string[] = [];
    for (const name of tables.sort()) {
      const table = TableClient.fromConnectionString(inject("storage"), name, options);
      for await (const row of table.listEntities()) rows.push(`${name} ${JSON.stringify(row)}`);
    }
    return rows.join("\n");
  }
}

const inTokensMode = (token: string): HostSettings => ({
  IDENTITY_MODE: "tokens",
  FIRST_ADMINISTRATOR_TOKEN_HASH: createHash("sha256").update(token).digest("hex"),
});

/** Asks until the answer is as wanted. */
export async function poll<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  const endMs = Date.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > endMs) throw new Error(`not reached: ${JSON.stringify(answer)}`);
    await wait(POLL_INTERVAL_MS);
  }
}

/** The host does not parse its answers, so the tests see to it that an answer holds nothing its route does not describe. */
function assertDescribed({ id }: Route, read: unknown, parsed: unknown): void {
  if (!isDeepStrictEqual(read, parsed)) throw new Error(`${id} answered with more than it describes`);
}
