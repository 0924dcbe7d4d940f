import type { Right } from "../../../src/domain/access/roles.js";
import type { Drill } from "../../../src/domain/drills/drill.js";
import { SMALL_PLAN, SMALL_WORLD } from "../../../verification/fuzz/small-estate.js";
import { pendingApproval } from "../../../verification/support/pending-approval.js";

/** Written again here by hand, so that a change of the product's own table is noticed. */
export const RIGHTS_OF_ROLES = {
  viewer: ["read"],
  operator: ["read", "test"],
  executor: ["read", "test", "run"],
  approver: ["read", "approve"],
  planner: ["read", "plan"],
  auditor: ["read", "audit"],
  administrator: ["read", "test", "run", "plan", "estate", "audit", "administer"],
  "break-glass": ["read", "break-glass"],
} as const satisfies Record<string, readonly Right[]>;

/**
 * What a request is about, which decides what a role that is limited to plans is worth: a plan; an execution, an
 * approval or a drill of a plan;
 * the world of a plan; `own-view`, which shows each caller what it may read; or `everything`, for which only an unlimited role is enough.
 */
export type About = "plan" | "execution" | "approval" | "drill" | "world" | "own-view" | "everything";

/** A valid request, and who may send it. */
export interface Expectation {
  readonly route: string;
  readonly needs: Right | "nothing";
  readonly about: About;
  /** The route says `of-the-verb`: this request is of a rehearsal, or of the real thing. */
  readonly verb?: "test-failover" | "planned-failover";
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
}

/** Ids of the fixture: worlds and plans, the last two with an execution. */
export const IDS = { quiet: "quiet", rehearsed: "rehearsed", running: "running", theirs: "theirs" } as const;

const LATER = "2026-03-20T00:00:00.000Z";

/** An approval of the plan `quiet`. */
export const APPROVAL = pendingApproval({ planId: IDS.quiet, expiresAt: LATER });

/** A drill of the plan `quiet`. */
export const DRILL: Drill = {
  drillId: "d0000000-0000-8000-8000-000000000001",
  ...{ planId: IDS.quiet, worldId: IDS.quiet, planVersion: 1, planHash: "0" },
  trigger: { kind: "request", by: "tester", idempotencyKey: "drill" },
  requestedAt: LATER,
};

const SOURCE = {
  scheme: "standard",
  secrets: ["HOOK"],
  people: [{ external: "u1", person: "ann", roles: ["approver"] }],
};

const SUBSCRIPTION = { target: { format: "cloudevents", url: "https://hooks.example/" } };

type More = Partial<Pick<Expectation, "verb" | "body" | "query">>;

const on =
  (needs: Expectation["needs"], about: About) =>
  (route: string, more: More = {}): Expectation => ({ route, needs, about, ...more });

const readPlan = on("read", "plan");
const readAny = on("read", "everything");
const readOwn = on("read", "own-view");
const estate = on("estate", "everything");
const administer = on("administer", "everything");

/** One for the rehearsal, and one for the real thing. */
const ofTheVerb = (route: string, about: About, bodyOf: (verb: string) => unknown): Expectation[] => [
  { route, about, needs: "test", verb: "test-failover", body: bodyOf("test-failover") },
  { route, about, needs: "run", verb: "planned-failover", body: bodyOf("planned-failover") },
];

const start = (verb: string) => ({ verb, options: verb === "test-failover" ? {} : { acknowledgeNoTest: true } });
const prerequisites = { query: { verb: "planned-failover" } };

export const EXPECTATIONS: readonly Expectation[] = [
  on("read", "world")("get-world"),
  readOwn("list-plans"),
  readOwn("list-worlds"),
  readOwn("list-executions"),
  readOwn("list-unsettled-executions"),
  readOwn("openapi"),

  readPlan("get-plan"),
  readPlan("get-plan-version"),
  readPlan("diff-plan", { query: { from: "1" } }),
  readPlan("preview-plan-recovery-points"),
  readPlan("preview-plan-networks"),
  readPlan("preview-plan-reprotect"),
  readPlan("check-plan-prerequisites", prerequisites),
  readPlan("check-plan-start", { body: start("planned-failover") }),
  readPlan("list-drills"),
  readPlan("get-readiness"),
  readPlan("get-prediction"),
  readPlan("get-coverage"),
  on("test", "plan")("start-drill", { body: {} }),
  on("read", "drill")("get-drill"),
  on("plan", "plan")("save-plan", { body: { ...SMALL_PLAN, id: IDS.quiet, worldId: IDS.quiet } }),
  on("plan", "plan")("remove-plan"),
  ...ofTheVerb("start-execution-on-plan", "plan", start),

  on("read", "execution")("get-execution"),
  ...ofTheVerb("validate-execution", "execution", () => ({ verdict: "accept" })),
  ...ofTheVerb("confirm-action", "execution", () => ({ actionId: "look" })),
  ...ofTheVerb("resolve-failure", "execution", () => ({ ask: 1, answer: "retry" })),
  ...ofTheVerb("continue-without", "execution", () => ({ itemIds: ["m1"] })),
  ...ofTheVerb("cancel-execution", "execution", () => ({})),
  ...ofTheVerb("pause-execution", "execution", () => ({})),
  ...ofTheVerb("resume-execution", "execution", () => ({})),
  ...ofTheVerb("switch-to-unplanned", "execution", () => ({ reason: "no answer" })),
  ...ofTheVerb("retry-items", "execution", () => ({})),
  ...ofTheVerb("extend-wait", "execution", () => ({ stepId: "validation", until: LATER, minutes: 5 })),
  on("run", "execution")("skip-steps", { body: { stepIds: ["validation"], reason: "known" } }),
  on("run", "execution")("edit-execution", { body: { planVersion: 1, reason: "known" } }),
  ...ofTheVerb("cancel-commit-timer", "execution", () => ({ reason: "later" })),
  ...ofTheVerb("extend-commit-timer", "execution", () => ({ until: LATER, reason: "later" })),
  on("nothing", "execution")("complete-action", { body: { token: "x" } }),

  on("audit", "execution")("get-evidence"),
  on("audit", "execution")("get-evidence-report"),
  on("audit", "everything")("read-audit-log"),

  readOwn("list-approvals"),
  on("audit", "own-view")("list-approvals-to-review"),
  on("read", "approval")("get-approval"),
  on("approve", "approval")("decide-approval", { body: { decision: "approve", hash: APPROVAL.hash } }),
  on("break-glass", "approval")("break-glass", { body: { reason: "fire" } }),
  on("audit", "approval")("review-break-glass", { body: { note: "looked at it" } }),
  on("approve", "own-view")("list-delegations"),
  on("approve", "own-view")("save-delegation", { body: { to: "bob", until: LATER } }),
  on("approve", "own-view")("remove-delegation"),
  administer("withdraw-delegations", { query: { from: "ann" } }),

  on("nothing", "everything")("receive-approval-webhook", { body: {} }),
  administer("save-webhook-source", { body: SOURCE }),
  administer("list-webhook-sources"),
  administer("get-webhook-source"),
  administer("remove-webhook-source"),
  on("audit", "everything")("list-security-records"),

  administer("save-subscription", { body: SUBSCRIPTION }),
  administer("list-subscriptions"),
  administer("get-subscription"),
  administer("remove-subscription"),
  administer("list-dead-letters"),
  administer("resend-dead-letter"),
  administer("resend-dead-letters", { body: {} }),

  readAny("list-items"),
  readAny("get-item"),
  readAny("list-recovery-points"),
  readAny("get-target-settings"),
  readAny("list-faults"),
  readAny("preview-item-recovery-points"),
  readAny("preview-item-networks"),
  readAny("preview-item-reprotect"),
  readAny("check-item-prerequisites", prerequisites),
  readAny("check-item-start", { body: start("planned-failover") }),
  ...ofTheVerb("start-execution-on-item", "everything", start),

  estate("import-world", { body: { ...SMALL_WORLD, id: IDS.quiet } }),
  estate("remove-world"),
  estate("remove-item"),
  estate("add-fault", { body: { target: { itemId: "m1" }, mode: "hang" } }),
  estate("clear-faults"),
  estate("change-target-settings", { body: { size: null } }),
  estate("resolve-condition"),
  estate("simulate-source-return"),
  estate("back-up-configuration-server"),
  estate("restore-configuration-server", { body: {} }),
  estate("deploy-process-server", { body: { networkId: "lan", subnet: "a", ip: "10.0.0.9" } }),
  estate("install-master-target", { body: { osFamily: "linux", hostId: "host" } }),
  estate("change-site", { body: { name: "Home" } }),
  estate("change-machine", { body: { cpus: 4 } }),
  estate("change-link", { body: { bandwidthMbps: 100 } }),

  administer("create-token", { body: { person: "ann", grants: [{ role: "viewer" }] } }),
  administer("list-tokens"),
  administer("revoke-token"),
];
