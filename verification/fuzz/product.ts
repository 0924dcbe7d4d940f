import { Admission, UNLIMITED } from "../../src/api/admission.js";
import type { RawRequest } from "../../src/api/parse-request.js";
import { PROBLEM_MEDIA_TYPE, problemSchema } from "../../src/api/problem.js";
import type { Context } from "../../src/commands/context.js";
import { importWorld } from "../../src/commands/import-world.js";
import { savePlan } from "../../src/commands/plans.js";
import { startExecution } from "../../src/commands/start-execution.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import { executionIdOf } from "../../src/domain/identity.js";
import { Plan } from "../../src/domain/plans/plan.js";
import { World } from "../../src/domain/worlds/world.js";
import { endExecution } from "../../src/executions/end-execution.js";
import type { Endpoint } from "../../src/functions/serve.js";
import { sha256 } from "../support/hash.js";
import { loadApp } from "./app.js";
import { fuzzedContext } from "./fuzzed-context.js";
import { type Pieces, textOf } from "./pieces.js";
import { createRewindingTables, LOG_OF_REQUESTS, type RewindingTables } from "./rewinding-tables.js";
import { SMALL_PLAN, SMALL_WORLD } from "./small-estate.js";
import { type Verdict, Violation } from "./target.js";

/** A request as its trigger receives it. A body that is not text is given in hexadecimal digits. */
export interface ApiRequest {
  route: string;
  params?: Record<string, string>;
  query?: [string, string][];
  headers?: Record<string, string>;
  body?: Pieces | { hex: string };
}

/** A row of a table, with its location. */
export interface StoredRow {
  table: "Worlds" | "Plans" | "Items" | "Executions" | "Estate";
  partition: string;
  row: string;
  schema: number;
  json: string;
}

/** Placeholders in a header or path for values of the fixture. */
export const PLACEHOLDERS = { etag: "{etag}", target: "{target}", execution: "{execution}", ended: "{ended}" } as const;

/** A longer problem document helps nobody. */
const MAX_PROBLEM_CHARACTERS = 65_536;

/** The triggers of all routes over memory tables with a small estate, reset after each request. */
export class FuzzedProduct {
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #tables: RewindingTables;
  readonly #context: Context;
  readonly #faults: string[] = [];
  /** One of each kind. */
  readonly rows: StoredRow[] = [];
  /** The last request that was answered, until the reset. */
  #request: ApiRequest | undefined;
  #held: ReadonlyMap<string, string> = new Map();

  private constructor(endpoints: ReadonlyMap<string, Endpoint>) {
    this.#endpoints = endpoints;
    this.#tables = createRewindingTables();
    this.#context = fuzzedContext(this.#tables);
  }

  static async open(): Promise<FuzzedProduct> {
    const product = new FuzzedProduct(await loadEndpoints());
    await product.#fill();
    return product;
  }

  /** Feeds a request and checks the answer against the rules of the API. */
  async feed(request: ApiRequest): Promise<Verdict> {
    const answer = await this.#send(request);
    this.#request = request;
    const status = answer.status ?? 200;
    const [fault] = this.#faults.splice(0);
    if (status >= 500 || fault !== undefined) throw new Violation(`answered ${status}: ${fault}`);
    if (status >= 400) checkProblem(status, answer.headers, String(answer.body ?? ""));
    else JSON.stringify(answer.jsonBody);
    const wrote = [...this.#tables.written()].some(
      (table) => table !== COUNTS_OF_REFUSALS && table !== LOG_OF_REQUESTS,
    );
    if (wrote && (status >= 400 || READS.test(request.route))) throw new Violation(`answered ${status} and wrote`);
    return status >= 400 ? "refused" : "accepted";
  }

  /** Resets everything. Before that, everything that was written must be readable. */
  async settle(): Promise<void> {
    const reads = this.#request === undefined ? [] : readsAfter(this.#request);
    this.#request = undefined;
    if (this.#tables.writes() === 0) return;
    try {
      for (const request of reads) await this.#look(request);
    } finally {
      await this.#tables.rewind();
      this.#held = await this.#currentValues();
    }
  }

  async #look(request: ApiRequest): Promise<void> {
    const { status } = await this.#send(request);
    const [fault] = this.#faults.splice(0);
    if (fault !== undefined)
      throw new Violation(`was accepted, but then ${request.route} answered ${status}: ${fault}`);
  }

  /** Reads what the given row stands for, and checks that the read changed nothing. */
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
    const executionId = executionIdOf("fuzz", "busy", sha256);
    const places = [
      ["Worlds", "worlds", "w"],
      ["Plans", "plans", "p"],
      ["Items", "w", "m1"],
      ["Executions", executionId, "record"],
      ["Executions", executionIdOf("fuzz", "over", sha256), "record"],
      ["Estate", "w:1:0", "state:m1"],
    ] as const;
    for (const [table, partition, row] of places) {
      const found = await this.#tables.table(table).get(partition, row);
      if (found === null) throw new Error(`no row ${partition}/${row} in ${table}`);
      this.rows.push({ table, partition, row, schema: found.schema, json: found.json });
    }
  }

  #send(request: ApiRequest): ReturnType<Endpoint> {
    const endpoint = this.#endpoints.get(request.route);
    if (endpoint === undefined) throw new Error(`no route ${request.route}`);
    return endpoint(this.#raw(request), {
      open: () => this.#context,
      admission: new Admission(UNLIMITED, this.#context.clock),
      log: (text) => this.#faults.push(text),
    });
  }

  async #fill(): Promise<void> {
    await importWorld(this.#context, World.parse(SMALL_WORLD));
    await savePlan(this.#context, Plan.parse(SMALL_PLAN), null, "planner");
    for (const planId of ["busy", "over"]) await this.#startExecutionOf(planId);
    this.#held = await this.#currentValues();
    await this.#collectRows();
    this.#tables.mark();
  }

  /** Starts an execution in an estate of its own. The one of `over` is ended. */
  async #startExecutionOf(id: string): Promise<void> {
    await importWorld(this.#context, World.parse({ ...SMALL_WORLD, id }));
    await savePlan(this.#context, Plan.parse({ ...SMALL_PLAN, id, worldId: id }), null, "planner");
    const { executionId } = await startExecution(this.#context, {
      idempotencyKey: id,
      target: { kind: "plan", planId: id },
      verb: "planned-failover",
      options: ExecutionOptions.parse({ acknowledgeNoTest: true }),
      requestedBy: "fuzz",
    });
    if (id !== "over") return;
    const failure = { code: "cancelled", message: "for the fuzzing" };
    const nothing = { reports: [], steps: [], touched: false };
    await endExecution(this.#context, { executionId, status: "failed", failure, ...nothing });
  }

  async #currentValues(): Promise<ReadonlyMap<string, string>> {
    const plan = await this.#context.store.getPlan("p");
    const target = await this.#send({ route: "get-target-settings", params: { worldId: "w", itemId: "m1" } });
    return new Map<string, string>([
      [PLACEHOLDERS.etag, plan?.etag ?? ""],
      [PLACEHOLDERS.target, (target.jsonBody as { etag: string } | undefined)?.etag ?? ""],
      [PLACEHOLDERS.execution, executionIdOf("fuzz", "busy", sha256)],
      [PLACEHOLDERS.ended, executionIdOf("fuzz", "over", sha256)],
    ]);
  }

  #raw({ params = {}, query = [], headers = {}, body }: ApiRequest): RawRequest {
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

/** Every list must still answer after any accepted request. */
const READ_CHECKS: readonly ApiRequest[] = [
  { route: "list-worlds" },
  { route: "list-plans" },
  { route: "list-executions" },
  { route: "list-items", params: { worldId: "w" } },
];
/** Slow reads run after one in eight accepted requests. A hash of the request selects which. */
const SLOW_READS_ONE_IN = 8;
const SLOW_READ_CHECKS: readonly ApiRequest[] = [
  { route: "get-item", params: { worldId: "w", itemId: "m1" } },
  { route: "preview-plan-networks", params: { planId: "p" } },
  { route: "preview-plan-recovery-points", params: { planId: "p" } },
  { route: "check-plan-prerequisites", params: { planId: "p" }, query: [["verb", "planned-failover"]] },
  { route: "check-item-prerequisites", params: { worldId: "w", itemId: "m1" }, query: [["verb", "reprotect"]] },
];

const readsAfter = (request: ApiRequest): readonly ApiRequest[] =>
  Number.parseInt(sha256(JSON.stringify(request)).slice(0, 4), 16) % SLOW_READS_ONE_IN === 0
    ? [...READ_CHECKS, ...SLOW_READ_CHECKS]
    : READ_CHECKS;

/** A refused webhook is counted here. */
const COUNTS_OF_REFUSALS = "SecurityRecords";
const READS = /^(get|list|preview|look|openapi)/;

function chunksOf(body: NonNullable<ApiRequest["body"]>): AsyncIterable<Uint8Array> {
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
  if (body.length > MAX_PROBLEM_CHARACTERS)
    throw new Violation(`answered ${status} with a problem of ${body.length} characters`);
}

export async function loadEndpoints(): Promise<ReadonlyMap<string, Endpoint>> {
  await loadApp();
  return (await import("../../src/functions/serve.js")).ENDPOINTS;
}
