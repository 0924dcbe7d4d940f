import fc from "fast-check";
import { readsBody } from "../../../src/api/parse-request.js";
import { ALL_ROUTES } from "../../../src/api/routes.js";
import { Verb } from "../../../src/domain/vocabulary.js";
import { change, changed, type Json, nastyText } from "../mutate.js";
import { type Pieces, plain } from "../pieces.js";
import { type ApiRequest, type FuzzedProduct, PLACEHOLDERS } from "../product.js";
import type { Target } from "../target.js";
import { edit, edited } from "../text-edits.js";

/** Values that exist in the fixture, by the name of the parameter. */
const PARAMS: Readonly<Record<string, readonly string[]>> = {
  worldId: ["w", "busy", "over", "none"],
  planId: ["p", "busy", "over", "none"],
  itemId: ["m1", "m2", "none"],
  executionId: [PLACEHOLDERS.execution, PLACEHOLDERS.ended],
  siteId: ["home", "away"],
  processServerId: ["ps-1"],
  type: ["install-mobility-service", "none"],
};

const QUERY: Readonly<Record<string, readonly string[]>> = {
  limit: ["1", "2", "100", "101", "0"],
  cursor: ["busy", "over", "p", "w"],
  faultId: ["1", "fault-1"],
  kind: ["latest", "custom", "point-in-time", "latest-app-consistent"],
  emulatedNotAfter: ["2026-01-15T11:00:00Z", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"],
  pointId: ["crash-1"],
  groups: ["common", "per-item"],
  appConsistent: ["all", "m1,m2", ",,"],
  verb: Verb.options,
  location: ["original", "alternate"],
  waitForAgent: ["true", "false"],
  isolated: ["true", "false"],
};

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  "content-type": [
    "application/json",
    "application/yaml",
    "application/json; charset=utf-16",
    "text/plain",
    "a/b+json",
  ],
  "content-encoding": ["identity", "gzip", "deflate, br"],
  "content-length": ["0", "10", "1048577", "-1", "1e9", "NaN"],
  "idempotency-key": ["busy", "over", "k", "x".repeat(200), "x".repeat(201), "x".repeat(255)],
  "if-match": [PLACEHOLDERS.etag, PLACEHOLDERS.target, "*", "W/\"datetime'2020-01-01'\""],
  "if-none-match": ["*", PLACEHOLDERS.etag],
};

const valuesOf = (known: readonly string[] = ["1"]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: nastyText });

/** Starts with every option, each with a verb that uses it. */
const STARTS: readonly Json[] = [
  {
    verb: "unplanned-failover",
    requestedBy: "me",
    options: {
      recoveryPoint: { kind: "latest" },
      sourceShutdown: "skip",
      acknowledgeNoTest: true,
      confirm: { direction: "primary-to-recovery", from: "home", to: ["away"] },
      only: ["m1"],
    },
  },
  { verb: "planned-failover", options: { acknowledgeNoTest: true, without: ["m2"] } },
  { verb: "test-failover", options: { testNetworkId: "lan2", recoveryPoint: { kind: "latest-processed" } } },
  { verb: "test-clean-up", options: { notes: "n", force: { reason: "the next test is due" } } },
  { verb: "reprotect", options: { reprotect: { location: "original" } } },
  ...Verb.options.map((verb) => ({ verb })),
];

/** Bodies that a route accepts, before they are changed. */
const BODIES: Readonly<Record<string, readonly Json[]>> = {
  "start-execution-on-plan": STARTS,
  "start-execution-on-item": STARTS,
  "add-fault": [
    { target: { itemId: "m1" }, operation: "shut-down-source", mode: "fail-before", times: 3 },
    { target: { siteId: "home" }, mode: "slow", factor: 4 },
    { target: { linkId: "line" }, mode: "hang" },
  ],
  "validate-execution": [
    { verdict: "accept", by: "me" },
    { verdict: "reject", by: "me", reason: "no" },
  ],
  "confirm-action": [{ actionId: "look", ask: 1, done: true, by: "me", note: "n" }],
  "resolve-failure": [{ feed: 1, answer: "retry", by: "me", reason: "r" }],
  "cancel-execution": [{ behaviour: "restore-protection", by: "me", reason: "r" }],
  "change-target-settings": [{ name: "n", size: null, ip: "10.0.0.20", subnet: "a", networkId: "lan2" }],
};

function bodyFor(route: string): fc.Arbitrary<ApiRequest["body"] | undefined> {
  const corruptedRows = fc
    .tuple(
      fc.constantFrom(...(BODIES[route] ?? [{}])),
      fc.array(change, { maxLength: 3 }),
      fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(edit, { maxLength: 2 }) }),
    )
    .map(([body, changes, edits]): Pieces => plain(edited(JSON.stringify(changed(body, changes)), edits)));
  const bytes = fc.uint8Array({ maxLength: 40 }).map((found) => ({ hex: Buffer.from(found).toString("hex") }));
  return fc.oneof(
    { weight: 20, arbitrary: corruptedRows },
    { weight: 1, arbitrary: bytes },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

const pairs = (known: Readonly<Record<string, readonly string[]>>, names: readonly string[]) =>
  fc.array(
    fc
      .oneof({ weight: 8, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: nastyText })
      .chain((name) =>
        valuesOf(Object.hasOwn(known, name) ? known[name] : undefined).map((value): [string, string] => [name, value]),
      ),
    { maxLength: 3 },
  );

function requestsTo(route: (typeof ALL_ROUTES)[number]): fc.Arbitrary<ApiRequest> {
  const params = Object.keys(route.params.shape);
  const query = Object.keys(route.query.shape);
  const headers = Object.keys(route.headers);
  return fc
    .record({
      params: fc.record(Object.fromEntries(params.map((name) => [name, valuesOf(PARAMS[name])]))),
      query: query.length > 0 ? pairs(QUERY, query) : fc.constantFrom<[string, string][]>([], [], [], [["a", "b"]]),
      own: fc.record(Object.fromEntries(headers.map((name) => [name, valuesOf(HEADERS[name])]))),
      others: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, pairs(HEADERS, Object.keys(HEADERS))),
      body: readsBody(route) ? bodyFor(route.id) : fc.constant(undefined),
    })
    .map(({ params: found, query: request, own, others, body }): ApiRequest => {
      const sent = { ...own, ...Object.fromEntries(others) };
      return { route: route.id, params: found, query: request, headers: sent, ...(body === undefined ? {} : { body }) };
    });
}

/** Every route with its ids, query, headers and body. Most parts are valid, so that the others are reached. */
export function requestTarget(product: FuzzedProduct): Target<ApiRequest> {
  return {
    name: "requests",
    share: 100_000,
    inputs: fc.oneof(...ALL_ROUTES.filter(({ id }) => id !== "openapi").map(requestsTo)),
    feed: (request) => product.feed(request),
    settle: () => product.settle(),
  };
}
