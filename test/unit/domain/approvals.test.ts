import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Grant, Role } from "../../../src/domain/access/roles.js";
import type { Approval, Verdict } from "../../../src/domain/approvals/approval.js";
import { asOf, decide, type MadeDecision } from "../../../src/domain/approvals/decide.js";
import type { Delegation } from "../../../src/domain/approvals/delegation.js";
import { hasCode } from "../../../src/domain/errors.js";
import { toInstant, toMs } from "../../../src/domain/text.js";
import { smallApproval } from "../../support/small-approval.js";

const BEFORE = toMs("2026-03-02T10:00:00.000Z");
const AFTER = toMs("2026-03-03T09:00:00.000Z");
const PEOPLE = ["ann", "bob", "carl", "dora", "eve", "finn"] as const;

const made = (person: string, change: Partial<MadeDecision> = {}): MadeDecision => ({
  person,
  grants: [{ role: "approver" }],
  delegations: [],
  via: "token",
  decision: "approve",
  reason: "",
  ...change,
});

const delegated = (from: string, to: string): Delegation => ({
  ...{ delegationId: "d", from, to, grants: [{ role: "approver" }] },
  ...{ until: "2026-04-01T00:00:00.000Z", madeAt: "2026-03-01T00:00:00.000Z" },
});

/** An approval after some decisions; those that are refused change nothing. */
const after = (approval: Approval, all: readonly MadeDecision[], nowMs = BEFORE): Approval =>
  all.reduce((now, one) => {
    const decided = decide(now, one, nowMs);
    return decided.kind === "decided" ? decided.next : now;
  }, approval);

const codeOf = (approval: Approval, one: MadeDecision, nowMs = BEFORE): string => {
  const decided = decide(approval, one, nowMs);
  return decided.kind === "refused" ? decided.refusal.code : decided.kind;
};

const person = fc.constantFrom(...PEOPLE);
const roles: Role[] = ["approver", "administrator", "viewer", "break-glass"];
const decisions = fc.array(
  fc.record({
    person,
    role: fc.constantFrom(...roles),
    decision: fc.constantFrom<Verdict>("approve", "approve", "decline"),
  }),
  { maxLength: 12 },
);
const setting = fc.record({
  needed: fc.integer({ min: 1, max: 4 }),
  named: fc.subarray([...PEOPLE]),
  byRole: fc.boolean(),
  excluded: fc.subarray([...PEOPLE], { maxLength: 3 }),
  delegations: fc.array(fc.tuple(person, person), { maxLength: 6 }),
  decisions,
});

test("a token that the requester made decides nothing, in whatever name; other credentials are only recorded", () => {
  const excluded = [
    { person: "eve", because: "requester" as const },
    { person: "finn", because: "last-editor" as const },
  ];
  const small = smallApproval();
  const approval = { ...small, content: { ...small.content, approvers: { roles: ["approver" as const] }, excluded } };
  expect(codeOf(approval, made("ann", { credentialMadeBy: "Eve " }))).toBe("not-an-approver");
  expect(codeOf(approval, made("ann", { credentialMadeBy: "eve", decision: "decline" }))).toBe("not-an-approver");
  const fine = [
    made("ann", { credentialMadeBy: "finn" }),
    made("ann", { credentialMadeBy: "eve", via: "webhook:desk" }),
  ];
  for (const one of fine) {
    expect(after(approval, [one]).decisions).toMatchObject([{ credentialMadeBy: one.credentialMadeBy }]);
  }
});

describe("the rules over random people", () => {
  test("approved means enough different people, each entitled, none excluded, and no seat twice", () => {
    fc.assert(
      fc.property(setting, ({ needed, named, byRole, excluded, delegations, decisions: all }) => {
        const approval = smallApproval(1, {
          needed,
          approvers: { people: named, ...(byRole && { roles: ["approver" as const] }) },
          excluded: excluded.map((who) => ({ person: who, because: "last-editor" as const })),
        });
        const lent = delegations.map(([from, to]) => delegated(from, to));
        const ended = after(
          approval,
          all.map(({ person: who, role, decision }) =>
            made(who, { grants: [{ role }], decision, delegations: lent.filter(({ to }) => to === who) }),
          ),
        );
        const approving = ended.decisions.filter(({ decision }) => decision === "approve");
        const seats = approving.map(({ person: who, onBehalfOf }) => onBehalfOf ?? who);
        if (ended.status === "approved") expect(approving).toHaveLength(needed);
        expect(new Set(ended.decisions.map(({ person: who }) => who)).size).toBe(ended.decisions.length);
        expect(new Set(seats).size).toBe(seats.length);
        for (const who of [...seats, ...approving.map((one) => one.person)]) expect(excluded).not.toContain(who);
        for (const seat of seats) expect(byRole || named.includes(seat as (typeof PEOPLE)[number])).toBe(true);
        const isDeclined = ended.decisions.some(({ decision }) => decision === "decline");
        expect(ended.status === "declined").toBe(isDeclined);
      }),
    );
  });
});

test.each<[string, Grant[], string]>([
  ["an approver", [{ role: "approver" }], "decided"],
  ["an approver of this plan", [{ role: "approver", planIds: ["plan"] }], "decided"],
  ["an approver of another plan", [{ role: "approver", planIds: ["other"] }], "not-an-approver"],
  ["an administrator", [{ role: "administrator" }], "not-an-approver"],
  ["somebody who may break the glass", [{ role: "break-glass" }], "not-an-approver"],
  ["somebody without a role", [], "not-an-approver"],
])("%s decides: %s", (_who, grants, outcome) => {
  expect(codeOf(smallApproval(), made("ann", { grants }))).toBe(outcome);
});

test("the requester decides by no role, and a delegate of the requester neither", () => {
  expect(codeOf(smallApproval(), made("eve", { grants: [{ role: "approver" }, { role: "administrator" }] }))).toBe(
    "not-an-approver",
  );
  const named = smallApproval(1, { approvers: { people: ["ann", "eve"] } });
  expect(codeOf(named, made("dora", { delegations: [delegated("eve", "dora")] }))).toBe("not-an-approver");
  expect(codeOf(named, made("eve", { delegations: [delegated("ann", "eve")] }))).toBe("not-an-approver");
});

test("a delegation ends with its time, and one without the right to approve lends nothing", () => {
  const named = smallApproval(1, { approvers: { people: ["ann"] } });
  const lent = delegated("ann", "dora");
  expect(codeOf(named, made("dora", { delegations: [lent] }))).toBe("decided");
  expect(codeOf(named, made("dora", { delegations: [{ ...lent, until: toInstant(BEFORE) }] }))).toBe("not-an-approver");
  expect(codeOf(named, made("dora", { delegations: [{ ...lent, planIds: ["other"] }] }))).toBe("not-an-approver");
  expect(codeOf(named, made("dora", { delegations: [{ ...lent, grants: [] }] }))).toBe("not-an-approver");
  expect(codeOf(named, made("dora", { delegations: [lent], grants: [] }))).toBe("not-an-approver");
});

test("the delegator may still decline after the delegate approved, and that ends it", () => {
  const named = smallApproval(1, { approvers: { people: ["ann", "bob"] } });
  const approved = after(named, [made("dora", { delegations: [delegated("ann", "dora")] })]);
  expect(codeOf(approved, made("ann"))).toBe("decided-already");
  expect(after(approved, [made("ann", { decision: "decline" })]).status).toBe("declined");
});

test("the same decision again changes nothing, and another of the same person is refused", () => {
  const once = after(smallApproval(), [made("ann")]);
  expect(decide(once, made("ann"), BEFORE)).toEqual({ kind: "same", approval: once });
  expect(codeOf(once, made("ann", { decision: "decline" }))).toBe("decided-already");
});

test("nobody decides after the time, nor when a clock was set back after the end was noted", () => {
  const once = after(smallApproval(), [made("ann")]);
  const late = decide(once, made("bob"), AFTER);
  expect(late).toMatchObject({ kind: "refused", next: { status: "expired", heard: false } });
  expect(late.kind === "refused" && hasCode(late.refusal, "approval-void")).toBe(true);
  expect(codeOf(asOf(once, AFTER), made("bob"), BEFORE)).toBe("approval-void");
});

test("an approval that is approved and not used in time is over as well", () => {
  const approved = after(smallApproval(), [made("ann"), made("bob")]);
  expect(approved.status).toBe("approved");
  expect(asOf(approved, AFTER)).toMatchObject({ status: "expired" });
});

test("who saw another content decides nothing; the first twelve digits of its hash are enough", () => {
  const { hash } = smallApproval();
  expect(codeOf(smallApproval(), made("ann", { seenHash: hash }))).toBe("decided");
  expect(codeOf(smallApproval(), made("ann", { seenHash: hash.slice(0, 12) }))).toBe("decided");
  expect(codeOf(smallApproval(), made("ann", { seenHash: hash.slice(0, 11) }))).toBe("approval-void");
  expect(codeOf(smallApproval(), made("ann", { seenHash: "" }))).toBe("approval-void");
  expect(codeOf(smallApproval(), made("ann", { seenHash: "0".repeat(64) }))).toBe("approval-void");
});

test("another spelling of a name is no second person, and does not hide the requester", () => {
  expect(codeOf(smallApproval(), made("Eve"))).toBe("not-an-approver");
  expect(codeOf(smallApproval(), made("e\u200bve"))).toBe("not-an-approver");
  const once = after(smallApproval(), [made("ann")]);
  expect(codeOf(once, made("ANN "))).toBe("decided-already");
});

test("another spelling of a name gives no right", () => {
  expect(codeOf(smallApproval(1, { approvers: { people: ["ann"] } }), made("Ann"))).toBe("not-an-approver");
});
