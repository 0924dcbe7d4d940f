import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { TableClient, TableServiceClient } from "@azure/data-tables";
import { inject } from "vitest";
import { parse } from "yaml";
import type { z } from "zod";
import { type Client, createClient } from "../../src/api/client.js";
import type { Route } from "../../src/api/route.js";
import { ROUTES } from "../../src/api/routes.js";
import type { executionView, startBody } from "../../src/api/schemas.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SPEED = 4_000;
const READY = /Host ready at (\S+)/;
/** Ample for what a test waits for; never reached when all is well. */
const PATIENCE_MS = 120_000;
const ENDED: ReadonlySet<string> = new Set(["succeeded", "succeeded-with-failures", "failed", "cancelled"]);

export type ExecutionAnswer = z.output<typeof executionView>;
type Start = z.input<typeof startBody>;

const sample = async (file: string): Promise<unknown> =>
  parse(await readFile(join(ROOT, "samples/shop", file), "utf8"));

/** The shop of a test's own: world and plan under fresh ids. */
export interface Shop {
  readonly worldId: string;
  readonly planId: string;
}

/** The built product in a host process of its own, over the run's Azurite, with tables and hub of its own. */
export class Product {
  /** Emulated seconds per real second. */
  readonly speed = SPEED;
  readonly url: string;
  readonly client: Client;
  readonly #child: ChildProcess;
  readonly #folder: string;
  /** Begins the names of its tables. */
  readonly prefix: string;

  /** What the host has written to its log lately. */
  readonly log: () => string;

  private constructor({ url, log }: Ready, child: ChildProcess, folder: string, prefix: string) {
    this.url = url;
    this.log = log;
    this.client = createClient(url, undefined, sameAsDescribed);
    this.#child = child;
    this.#folder = folder;
    this.prefix = prefix;
  }

  static async start(
    settings: Record<string, string> = {},
    prefix = `E${randomUUID().replaceAll("-", "").slice(0, 16)}`,
  ): Promise<Product> {
    const folder = await mkdtemp(join(tmpdir(), "secondsite-e2e-"));
    const child = spawn(
      process.execPath,
      [join(ROOT, "dist/host/main.js"), "--app", ROOT, "--port", "0", "--data", folder],
      {
        env: {
          ...process.env,
          AzureWebJobsStorage: inject("storage"),
          TABLE_PREFIX: prefix,
          AzureFunctionsJobHost__extensions__durableTask__hubName: `${prefix}Hub`,
          EMULATOR_SPEED: String(SPEED),
          NO_COLOR: "1",
          ...settings,
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    return new Product(await ready(child), child, folder, prefix);
  }

  /** Kills the host as a power cut would, and starts another over the same storage. */
  async killAndRestart(): Promise<Product> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
    return Product.start({}, this.prefix);
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Imports the shop under ids of its own. */
  async loadShop(
    changeWorld: (world: WorldInput) => WorldInput = (world) => world,
    changePlan: (plan: PlanInput) => PlanInput = (plan) => plan,
  ): Promise<Shop> {
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

  /** The sample's plan for a world, under a fresh id. */
  async samplePlan(worldId: string): Promise<PlanInput> {
    return { ...((await sample("plan.yaml")) as PlanInput), id: `p-${randomUUID()}`, worldId };
  }

  async start(planId: string, body: Start, key: string = randomUUID()): Promise<string> {
    const headers = { "idempotency-key": key };
    return (await this.client.call(ROUTES.startOnPlan, { params: { planId }, headers, body })).body.executionId;
  }

  async look(executionId: string): Promise<ExecutionAnswer> {
    return (await this.client.call(ROUTES.getExecution, { params: { executionId } })).body;
  }

  async until(executionId: string, wanted: (execution: ExecutionAnswer) => boolean): Promise<ExecutionAnswer> {
    const endMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const execution = await this.look(executionId);
      if (wanted(execution)) return execution;
      if (ENDED.has(execution.status) || Date.now() > endMs) {
        throw new Error(`not reached: ${execution.status} ${JSON.stringify(execution.failure)}`);
      }
      await wait(50);
    }
  }

  ended(executionId: string): Promise<ExecutionAnswer> {
    return this.until(executionId, ({ status }) => ENDED.has(status));
  }

  /** Confirms the sample's manual action when the execution gets there. */
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

  /** What VMware tools do in the replica of each item. */
  tools(worldId: string, itemIds: readonly string[]): Promise<string[]> {
    return Promise.all(
      itemIds.map(async (itemId) => {
        return (await this.client.call(ROUTES.getItem, { params: { worldId, itemId } })).body.replica.tools;
      }),
    );
  }

  /** Every row of the product's own tables, to show that nothing changed. The hub's are the host's, which goes on working. */
  async dump(): Promise<string> {
    const options = { allowInsecureConnection: true };
    const tables: string[] = [];
    for await (const { name } of TableServiceClient.fromConnectionString(inject("storage"), options).listTables()) {
      if (name?.startsWith(this.prefix) && !name.startsWith(`${this.prefix}Hub`)) tables.push(name);
    }
    const rows: string[] = [];
    for (const name of tables.sort()) {
      const table = TableClient.fromConnectionString(inject("storage"), name, options);
      for await (const row of table.listEntities()) rows.push(`${name} ${JSON.stringify(row)}`);
    }
    return rows.join("\n");
  }
}

/** The host does not parse its answers again, so tests see that nothing is in them which the route does not describe. */
function sameAsDescribed({ id }: Route, read: unknown, parsed: unknown): void {
  if (!isDeepStrictEqual(read, parsed)) throw new Error(`${id} answered with more than it describes`);
}

/** A host that answers: where, and what it writes. */
interface Ready {
  url: string;
  log: () => string;
}

function ready(child: ChildProcess): Promise<Ready> {
  let output = "";
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-20_000);
      const url = READY.exec(output)?.[1];
      if (url !== undefined) resolve({ url, log: () => output });
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.on("exit", (code) => reject(new Error(`the host ended with ${code}: ${output}`)));
  });
}
