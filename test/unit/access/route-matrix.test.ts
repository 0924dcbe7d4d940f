/**
 * Every route × every role × (unlimited, limited to these plans, limited to another plan) × (a target that exists, one
 * that does not), and every route × every credential that is none. The requests go through the triggers themselves, with
 * real access tokens; what must come out is in `route-expectations.ts`.
 */
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { Admission, UNLIMITED } from "../../../src/api/admission.js";
import { problemSchema } from "../../../src/api/problem.js";
import type { Route } from "../../../src/api/route.js";
import { ALL_ROUTES, ROUTES } from "../../../src/api/routes.js";
import type { Context } from "../../../src/commands/context.js";
import { importWorld } from "../../../src/commands/import-world.js";
import { savePlan } from "../../../src/commands/plans.js";
import { startExecution } from "../../../src/commands/start-execution.js";
import { createToken, revokeToken } from "../../../src/commands/tokens.js";
import { type Grant, Role } from "../../../src/domain/access/roles.js";
import { ExecutionOptions } from "../../../src/domain/execution.js";
import { Plan } from "../../../src/domain/plans/plan.js";
import { World } from "../../../src/domain/worlds/world.js";
import type { Endpoint } from "../../../src/functions/serve.js";
import { createIdentity } from "../../../src/identity/create-identity.js";
import { createRewindingTables, LOG_OF_REQUESTS } from "../../../verification/fuzz/rewinding-tables.js";
import { SMALL_PLAN, SMALL_WORLD } from "../../../verification/fuzz/small-estate.js";
import { servicesOver } from "../../support/small-services.js";
import { ManualClock } from "../../support/worlds.js";
import { APPROVAL, DRILL, EXPECTATIONS, type Expectation, IDS, RIGHTS_OF_ROLES } from "./route-expectations.js";

const FUNCTIONS = new URL("../../../src/functions/", import.meta.url);
const ROLES = Role.options;
const SCOPES = ["unlimited", "these plans", "another plan"] as const;
const TARGETS = ["exists", "is missing"] as const;
type Scope = (typeof SCOPES)[number];
type Target = (typeof TARGETS)[number];
interface Case {
  readonly role: Role;
  readonly scope: Scope;
  readonly target: Target;
}
type Outcome = "let in" | 401 | 403 | 404;

const CASES: readonly Case[] = ROLES.flatMap((role) =>
  SCOPES.flatMap((scope) => TARGETS.map((target) => ({ role, scope, target }))),
);

const PLANS_OF_SCOPE: Record<Scope, string[] | undefined> = {
  unlimited: undefined,
  "these plans": [IDS.quiet, IDS.rehearsed, IDS.running],
  "another plan": [IDS.theirs],
};
const MISSING_ID = "00000000-0000-8000-8000-000000000000";
const REFUSALS = [
  "unauthenticated",
  "forbidden",
  "plan-not-found",
  "execution-not-found",
  "world-not-found",
  "approval-not-found",
  "drill-not-found",
];

const clock = new ManualClock();
const tables = createRewindingTables();
const effects: string[] = [];
const executions = new Map<string, string>();
const tokens = new Map<string, string>();
const badCredentials = new Map<string, string | undefined>();
let revocable = "";
let context: Context;
let endpoints: ReadonlyMap<string, Endpoint>;

async function makeToken(grants: Grant[], expiresInDays = 90) {
  const { text, token } = await createToken(context, { person: `p${tokens.size}`, grants, expiresInDays }, "root");
  return { text, tokenId: token.tokenId };
}

async function fillEstate(): Promise<void> {
  for (const id of Object.values(IDS)) {
    await importWorld(context, World.parse({ ...SMALL_WORLD, id }));
    await savePlan(context, Plan.parse({ ...SMALL_PLAN, id, worldId: id }), null, "planner");
  }
  for (const [planId, verb] of [
    [IDS.rehearsed, "test-failover"],
    [IDS.running, "planned-failover"],
  ] as const) {
    const { executionId } = await startExecution(context, {
      idempotencyKey: planId,
      target: { kind: "plan", planId },
      verb,
      options: ExecutionOptions.parse(verb === "test-failover" ? {} : { acknowledgeNoTest: true }),
      requestedBy: "tester",
    });
    executions.set(verb, executionId);
  }
}

async function fillTokens(): Promise<void> {
  const expired = await makeToken([{ role: "administrator" }], 1);
  clock.pass(2 * 86_400);
  const revoked = await makeToken([{ role: "administrator" }]);
  await revokeToken(context, revoked.tokenId, "root");
  for (const role of ROLES) {
    for (const scope of SCOPES) {
      const planIds = PLANS_OF_SCOPE[scope];
      tokens.set(`${role} ${scope}`, (await makeToken([{ role, ...(planIds && { planIds }) }])).text);
    }
  }
  const known = await makeToken([{ role: "administrator" }]);
  revocable = known.tokenId;
  badCredentials
    .set("no credential", undefined)
    .set("an expired token", `Bearer ${expired.text}`)
    .set("a revoked token", `Bearer ${revoked.text}`)
    .set("an unknown token", `Bearer sst_${"0".repeat(16)}_${"0".repeat(64)}`)
    .set("another secret", `Bearer sst_${known.tokenId}_${"0".repeat(64)}`)
    .set("another scheme", `Basic ${known.text}`)
    .set("two tokens", `Bearer ${known.text}, Bearer ${known.text}`)
    .set("words", "Bearer let me in");
}

beforeAll(async () => {
  process.env["AzureWebJobsStorage"] ??= "UseDevelopmentStorage=true";
  const warnings = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  for (const file of readdirSync(FUNCTIONS)) await import(new URL(file, FUNCTIONS).pathname);
  warnings.mockRestore();
  endpoints = (await import("../../../src/functions/serve.js")).ENDPOINTS;
  const services = servicesOver(tables, clock);
  const config = { mode: "tokens", firstTokenHash: null, openIdConnect: null } as const;
  const platform = { isAuthenticationOn: false, isOnAzure: false, isTrusted: false, personClaim: "sub" };
  const noted = async (): Promise<void> => void effects.push("an orchestration was started or told something");
  context = {
    ...services,
    identity: createIdentity({ ...config, platform }, services),
    orchestrations: { start: noted, raise: noted, getStatus: async () => undefined },
  };
  await fillEstate();
  await context.store.createApproval(APPROVAL);
  await context.store.createDrill(DRILL);
  await fillTokens();
  tables.mark();
  effects.length = 0;
});

function paramsOf({ about, verb }: Expectation, target: Target): Record<string, string> {
  const fixed = { itemId: "m1", siteId: "home", linkId: "line", version: "1", actionId: "look" };
  const deeper = { processServerId: "ps-1", masterTargetId: "mt-1", machineId: "m1", type: "leftovers" };
  const others = { sourceId: "source", delegationId: "mine", subscriptionId: "desk", deadLetterId: "letter" };
  const exists = target === "exists";
  return {
    ...fixed,
    ...deeper,
    ...others,
    worldId: exists ? IDS.quiet : "none",
    planId: exists ? IDS.quiet : "none",
    executionId: (exists && about === "execution" && executions.get(verb ?? "planned-failover")) || MISSING_ID,
    approvalId: exists ? APPROVAL.content.approvalId : MISSING_ID,
    drillId: exists ? DRILL.drillId : MISSING_ID,
    tokenId: exists ? revocable : "0".repeat(16),
  };
}

async function* inOnePiece(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

async function send(expectation: Expectation, target: Target, authorization: string | undefined) {
  const { route: id, body, query = {} } = expectation;
  const route = ALL_ROUTES.find((one) => one.id === id);
  const endpoint = endpoints.get(id);
  if (route === undefined || endpoint === undefined) throw new Error(`no route ${id}`);
  const all = paramsOf(expectation, target);
  const headers = new Headers({ "content-type": "application/json", "idempotency-key": "k", "if-match": '"0"' });
  if (authorization !== undefined) headers.set("authorization", authorization);
  const answer = await endpoint(
    {
      params: Object.fromEntries(Object.keys(route.params.shape).map((name) => [name, all[name] ?? ""])),
      query: Object.entries(query),
      headers,
      body: body === undefined ? null : inOnePiece(JSON.stringify(body)),
    },
    { open: () => context, admission: new Admission(UNLIMITED, clock), log: () => undefined },
  );
  const isProblem = (answer.status ?? 200) >= 400;
  const problem = isProblem ? problemSchema.parse(JSON.parse(String(answer.body))) : null;
  const isRefused = problem !== null && REFUSALS.includes(problem.code);
  const isEffectless = tables.writes() === 0 && effects.length === 0;
  const isOnlyLogged = [...tables.written()].every((table) => table === LOG_OF_REQUESTS) && effects.length === 0;
  await tables.rewind();
  effects.length = 0;
  return { status: answer.status ?? 200, headers: answer.headers, problem, isRefused, isEffectless, isOnlyLogged };
}

const rightsOf = (role: Role): readonly string[] => RIGHTS_OF_ROLES[role];

/** The table of the test: what must come out. */
function expected(expectation: Expectation, each: Case): Outcome {
  const { needs, about } = expectation;
  if (needs === "nothing") return "let in";
  if (!rightsOf(each.role).includes(needs)) return expectedWithoutRight(expectation, each);
  if (about === "own-view" || each.scope === "unlimited") return "let in";
  if (about === "everything") return 403;
  return each.scope === "these plans" && each.target === "exists" ? "let in" : 404;
}

/** Whether a request rehearses is known only from its verb or its execution, so this is decided where both are seen. */
function expectedWithoutRight({ about, verb }: Expectation, { role, scope, target }: Case): Outcome {
  const isDecidedLate = verb !== undefined && rightsOf(role).includes("test") && about !== "everything";
  if (!isDecidedLate) return 403;
  const exists = target === "exists";
  if (scope === "unlimited") return about === "plan" || exists ? 403 : 404;
  return scope === "these plans" && exists ? 403 : 404;
}

type Answered = Awaited<ReturnType<typeof send>>;

/** An unlimited caller is let in, and learns from the command itself that the target is missing. */
function outcomeOf({ status, isRefused }: Answered, wanted: Outcome, target: Target): Outcome {
  if (!isRefused || (wanted === "let in" && target === "is missing" && status === 404)) return "let in";
  return status as 401 | 403 | 404;
}

/** What is wrong with an answer. */
function faultsOf(answer: Answered, wanted: Outcome, each: Case): string[] {
  const came = outcomeOf(answer, wanted, each.target);
  const who = `${each.role} of ${each.scope}, target ${each.target}`;
  return [
    ...(came === wanted ? [] : [`${who}: ${came} instead of ${wanted}`]),
    // Who may do this is in the log, whatever came of it; nobody else is.
    ...(answer.isRefused && !(wanted === "let in" ? answer.isOnlyLogged : answer.isEffectless)
      ? [`${who}: refused with an effect`]
      : []),
  ];
}

const nameOf = ({ route, verb }: Expectation): string => (verb ? `${route} (${verb})` : route);
const named = EXPECTATIONS.map((expectation) => [nameOf(expectation), expectation] as const);

test("every route has a row in the table, with the right that it declares", () => {
  const missing = ALL_ROUTES.filter(({ id }) => !EXPECTATIONS.some(({ route }) => route === id));
  expect(missing.map(({ id }) => `${id}: say in route-expectations.ts who may call it`)).toEqual([]);
  const declared = new Map<string, string>(ALL_ROUTES.map(({ id, right }) => [id, right]));
  for (const { route, verb, needs } of EXPECTATIONS) {
    const right = verb ? "of-the-verb" : needs === "nothing" ? "anonymous" : needs;
    expect([route, declared.get(route)]).toEqual([route, right]);
  }
});

test("a route without a right does not compile", () => {
  const { right, ...rest } = ROUTES.getPlan;
  // @ts-expect-error the right is missing
  const route: Route = rest;
  expect([right, route.id]).toEqual(["read", "get-plan"]);
});

describe.each(named)("%s", (_name, expectation) => {
  test("lets in whom the table says, and refuses everybody else without an effect", async () => {
    const wrong: string[] = [];
    const letIn = new Set<string>();
    for (const each of CASES) {
      const answer = await send(expectation, each.target, `Bearer ${tokens.get(`${each.role} ${each.scope}`)}`);
      const wanted = expected(expectation, each);
      wrong.push(...faultsOf(answer, wanted, each));
      if (wanted === "let in" && each.target === "exists") letIn.add(answer.problem?.code ?? String(answer.status));
    }
    expect(wrong).toEqual([]);
    // Whoever is let in gets the same answer.
    expect([...letIn]).toHaveLength(1);
  });

  test("tells a caller of another plan nothing about whether the target exists", async () => {
    if (expectation.about === "own-view" || expectation.needs === "nothing") return;
    for (const role of ROLES) {
      const [one, other] = await Promise.all(
        TARGETS.map(async (target) => send(expectation, target, `Bearer ${tokens.get(`${role} another plan`)}`)),
      );
      expect(withoutIds(one?.problem, expectation)).toEqual(withoutIds(other?.problem, expectation));
    }
  });

  test("answers 401 to every credential that is none, whatever the target", async () => {
    if (expectation.needs === "nothing") return;
    for (const [what, authorization] of badCredentials) {
      const answers = [];
      for (const target of TARGETS) answers.push(await send(expectation, target, authorization));
      for (const answer of answers) {
        expect([what, answer.status, answer.isEffectless]).toEqual([what, 401, true]);
        expect(answer.headers).toMatchObject({ "www-authenticate": "Bearer" });
        expect(answer.problem).toEqual(answers[0]?.problem);
      }
    }
  });
});

/** The ids of the request are in the answer as well. */
function withoutIds(problem: unknown, expectation: Expectation): string {
  const ids = TARGETS.flatMap((target) => Object.values(paramsOf(expectation, target)));
  const long = ids.filter((id) => id.length > 2).sort((a, b) => b.length - a.length);
  return long.reduce((text, id) => text.replaceAll(id, "ID"), JSON.stringify(problem) ?? "");
}
