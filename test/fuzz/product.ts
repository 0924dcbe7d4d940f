import { createHash } from "node:crypto";
import { endExecution } from "../../src/activities/close-execution.js";
import type { RawRequest } from "../../src/api/parse-request.js";
import { PROBLEM_MEDIA_TYPE, problemSchema } from "../../src/api/problem.js";
import type { Context } from "../../src/commands/context.js";
import { savePlan } from "../../src/commands/plans.js";
import { startExecution } from "../../src/commands/start-execution.js";
import { importWorld } from "../../src/commands/worlds.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import { executionIdOf } from "../../src/domain/identity.js";
import { Plan } from "../../src/domain/plans/plan.js";
import { World } from "../../src/domain/worlds/world.js";
import type { Orchestrations } from "../../src/durable/client.js";
import type { Endpoint } from "../../src/functions/serve.js";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import { actionStepId, askStepId, VALIDATION_STEP } from "../../src/orchestrators/step-ids.js";
import { createStore } from "../../src/store/store.js";
import { loadApp } from "./app.js";
import { type Pieces, textOf } from "./pieces.js";
import { createRewindingTables, type RewindingTables } from "./rewinding-tables.js";
import { SMALL_PLAN, SMALL_WORLD } from "./small-estate.js";
import { type Verdict, Violation } from "./target.js";

/** A request as its trigger gets it. A body of bytes that are no text is in hexadecimal digits. */
export interface Asked {
  route: string;
  params?: Record<string, string>;
  query?: [string, string][];
  headers?: Record<string, string>;
  body?: Pieces | { hex: string };
}

/** A row as it lies in a table, and which. */
export interface StoredRow {
  table: "Worlds" | "Plans" | "Items" | "Executions" | "Estate";
  partition: string;
  row: string;
  schema: number;
  json: string;
}

/** Stands in a header or path where the fixture's own value goes. */
export const HELD = { etag: "{etag}", target: "{target}", execution: "{execution}", ended: "{ended}" } as const;

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
const NOW_MS = Date.UTC(2026, 0, 15, 12);
/** More than that helps nobody who has to read it. */
const LONGEST_PROBLEM = 65_536;

/** An execution in the middle of its story, which waits for everything that a person can decide. */
const AWAITING: Orchestrations = {
  start: async () => undefined,
  raise: async () => undefined,
  look: async () => ({
    runtimeStatus: "Running",
    steps: [VALIDATION_STEP, actionStepId("look"), askStepId(1)].map((id) => [id, "awaiting-input", NOW_MS, 0, ""]),
    itemSteps: new Map(),
    standsStill: undefined,
    output: null,
  }),
};

/** The triggers of every route over memory, with a small estate in it, always the same for each request. */
export class FuzzedProduct {
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #tables: RewindingTables;
  readonly #context: Context;
  readonly #faults: string[] = [];
  /** One of each kind. */
  readonly rows: StoredRow[] = [];
  /** The last request that was answered, until everything is put back. */
  #asked: Asked | undefined;
  #held: ReadonlyMap<string, string> = new Map();

  private constructor(endpoints: ReadonlyMap<string, Endpoint>) {
    this.#endpoints = endpoints;
    this.#tables = createRewindingTables();
    const clock = { now: () => NOW_MS };
    const store = createStore(this.#tables);
    const emulator = createEmulator({ tables: this.#tables, clock, speed: 1, durations: "zero" });
    this.#context = {
      store,
      hypervisor: emulator,
      estate: emulator,
      clock,
      hash,
      settings: { speed: 1, stepLimitMs: 60_000, allowPrivateWebhooks: false },
      orchestrations: AWAITING,
      refuseIfOver: async () => undefined,
    };
  }

  static async open(): Promise<FuzzedProduct> {
    const product = new FuzzedProduct(await loadEndpoints());
    await product.#fill();
    return product;
  }

  /** Feeds a request, and holds the answer to the rules of the API. */
  async ask(asked: Asked): Promise<Verdict> {
    const answer = await this.#send(asked);
    this.#asked = asked;
    const status = answer.status ?? 200;
    const [fault] = this.#faults.splice(0);
    if (status >= 500 || fault !== undefined) throw new Violation(`answered ${status}: ${fault}`);
    if (status >= 400) checkProblem(status, answer.headers, String(answer.body ?? ""));
    else JSON.stringify(answer.jsonBody);
    const wrote = this.#tables.writes() > 0;
    if (wrote && (status >= 400 || READS.test(asked.route))) throw new Violation(`answered ${status} and wrote`);
    return status >= 400 ? "refused" : "accepted";
  }

  /** Puts everything back as it was; what was written must have been readable. */
  async settle(): Promise<void> {
    const looks = this.#asked === undefined ? [] : looksAfter(this.#asked);
    this.#asked = undefined;
    if (this.#tables.writes() === 0) return;
    try {
      for (const asked of looks) await this.#look(asked);
    } finally {
      await this.#tables.rewind();
      this.#held = await this.#heldNow();
    }
  }

  async #look(asked: Asked): Promise<void> {
    const { status } = await this.#send(asked);
    const [fault] = this.#faults.splice(0);
    if (fault !== undefined) throw new Violation(`was accepted, then ${asked.route} answered ${status}: ${fault}`);
  }

  /** Reads what a row stands for as it is given here, and makes sure that it was left so. */
  async readWith({ table: name, partition, row, schema, json }: StoredRow): Promise<void> {
    const table = this.#tables.table(name);
    await table.transact(partition, [{ kind: "put", row, schema, json }]);
    const before = this.#tables.writes();
    const [outcome] = await Promise.allSettled([this.#read(name, partition)]);
    if (this.#tables.writes() > before) throw new Violation("a read wrote");
    if (outcome.status === "rejected") throw outcome.reason;
  }

  #read(name: StoredRow["table"], partition: string): Promise<unknown> {
    const { store, estate } = this.#context;
    if (name === "Worlds") return store.getWorld("w");
    if (name === "Plans") return store.getPlan("p");
    if (name === "Items") return store.listItems("w", { limit: 100 });
    if (name === "Executions") return store.getExecution(partition);
    return estate.groundTruth("w", "m1");
  }

  async #collectRows(): Promise<void> {
    const executionId = executionIdOf("busy", hash);
    const places = [
      ["Worlds", "worlds", "w"],
      ["Plans", "plans", "p"],
      ["Items", "w", "m1"],
      ["Executions", executionId, "record"],
      ["Executions", executionIdOf("over", hash), "record"],
      ["Estate", "w:1:0", "state:m1"],
    ] as const;
    for (const [table, partition, row] of places) {
      const found = await this.#tables.table(table).get(partition, row);
      if (found === null) throw new Error(`no row ${partition}/${row} in ${table}`);
      this.rows.push({ table, partition, row, schema: found.schema, json: found.json });
    }
  }

  #send(asked: Asked): ReturnType<Endpoint> {
    const endpoint = this.#endpoints.get(asked.route);
    if (endpoint === undefined) throw new Error(`no route ${asked.route}`);
    return endpoint(
      this.#raw(asked),
      () => this.#context,
      (text) => this.#faults.push(text),
    );
  }

  async #fill(): Promise<void> {
    await importWorld(this.#context, World.parse(SMALL_WORLD));
    await savePlan(this.#context, Plan.parse(SMALL_PLAN), null);
    for (const planId of ["busy", "over"]) await this.#startAnother(planId);
    this.#held = await this.#heldNow();
    await this.#collectRows();
    this.#tables.mark();
  }

  /** An execution of an estate of its own; that of `over` has ended. */
  async #startAnother(id: string): Promise<void> {
    await importWorld(this.#context, World.parse({ ...SMALL_WORLD, id }));
    await savePlan(this.#context, Plan.parse({ ...SMALL_PLAN, id, worldId: id }), null);
    const { executionId } = await startExecution(this.#context, {
      idempotencyKey: id,
      target: { kind: "plan", planId: id },
      verb: "planned-failover",
      options: ExecutionOptions.parse({}),
      requestedBy: "fuzz",
    });
    if (id !== "over") return;
    const failure = { code: "cancelled", message: "for the fuzzing" };
    const nothing = { reports: [], steps: [], touched: false };
    await endExecution(this.#context, { executionId, status: "failed", failure, ...nothing });
  }

  async #heldNow(): Promise<ReadonlyMap<string, string>> {
    const plan = await this.#context.store.getPlan("p");
    const target = await this.#send({ route: "get-target-settings", params: { worldId: "w", itemId: "m1" } });
    return new Map<string, string>([
      [HELD.etag, plan?.etag ?? ""],
      [HELD.target, (target.jsonBody as { etag: string } | undefined)?.etag ?? ""],
      [HELD.execution, executionIdOf("busy", hash)],
      [HELD.ended, executionIdOf("over", hash)],
    ]);
  }

  #raw({ params = {}, query = [], headers = {}, body }: Asked): RawRequest {
    const held = (text: string): string => this.#held.get(text) ?? text;
    const heldParams = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, held(value)]));
    return {
      params: heldParams,
      query,
      headers: { get: (name) => (headers[name] === undefined ? null : held(headers[name])) },
      body: body === undefined ? null : chunksOf(body),
    };
  }
}

/** Whoever looks at everything must get an answer, whatever was accepted before. */
const LOOKS: readonly Asked[] = [
  { route: "list-worlds" },
  { route: "list-plans" },
  { route: "list-executions" },
  { route: "list-items", params: { worldId: "w" } },
];
/** What takes long is looked at after one in so many accepted requests; the request itself says which. */
const ONE_IN = 8;
const LONG_LOOKS: readonly Asked[] = [
  { route: "get-item", params: { worldId: "w", itemId: "m1" } },
  { route: "preview-plan-networks", params: { planId: "p" } },
  { route: "preview-plan-recovery-points", params: { planId: "p" } },
  { route: "check-plan-prerequisites", params: { planId: "p" }, query: [["verb", "planned-failover"]] },
  { route: "check-item-prerequisites", params: { worldId: "w", itemId: "m1" }, query: [["verb", "reprotect"]] },
];

const looksAfter = (asked: Asked): readonly Asked[] =>
  Number.parseInt(hash(JSON.stringify(asked)).slice(0, 4), 16) % ONE_IN === 0 ? [...LOOKS, ...LONG_LOOKS] : LOOKS;

const READS = /^(get|list|preview|look|openapi)/;

function chunksOf(body: NonNullable<Asked["body"]>): AsyncIterable<Uint8Array> {
  const bytes = "hex" in body ? Buffer.from(body.hex, "hex") : Buffer.from(textOf(body));
  return (async function* () {
    yield bytes;
  })();
}

function checkProblem(status: number | undefined, headers: unknown, body: string): void {
  const type = (headers as Record<string, string> | undefined)?.["content-type"];
  if (type !== PROBLEM_MEDIA_TYPE) throw new Violation(`answered ${status} as ${type}`);
  const problem = problemSchema.parse(JSON.parse(body));
  if (problem.status !== status) throw new Violation(`answered ${status} with a problem of status ${problem.status}`);
  if (problem.detail === "" || problem.action === "") throw new Violation(`answered ${status} without saying why`);
  if (body.length > LONGEST_PROBLEM)
    throw new Violation(`answered ${status} with a problem of ${body.length} characters`);
}

async function loadEndpoints(): Promise<ReadonlyMap<string, Endpoint>> {
  await loadApp();
  return (await import("../../src/functions/serve.js")).ENDPOINTS;
}
