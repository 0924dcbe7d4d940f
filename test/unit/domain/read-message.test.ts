import { describe, expect, test } from "vitest";
import { readMessage } from "../../../src/domain/webhooks/read-message.js";
import { schemeOf } from "../../../src/domain/webhooks/schemes.js";
import { FAMILIES, type Family, type Said, SENDERS } from "../../../verification/support/webhook-senders.js";

const NOW = Date.UTC(2026, 0, 15, 12);
const APPROVAL = "0b6c7f1e-9a43-8d0c-b1f2-3a4b5c6d7e8f";
const HASH = "0123456789abcdef".repeat(4);

const said = (family: Family, change: Partial<Said> = {}): Said => ({
  id: "398738663015.47445629121.803a",
  external: SENDERS[family].external,
  decision: "approve",
  approvalId: APPROVAL,
  hash: HASH,
  reason: "looks right",
  ...change,
});

const read = (family: Family, change: Partial<Said> = {}) => readBody(family, said(family, change));
const readBody = (family: Family, what: Said, expected = [] as { at: string; equals: string[] }[]) =>
  readMessage(schemeOf(SENDERS[family].scheme), SENDERS[family].send(what, NOW).body, "signed-id", expected);

/** Reads an edited text of the message that a sender sends. */
function edited(family: Family, from: string | RegExp, to: string) {
  const text = SENDERS[family].send(said(family), NOW).body.toString();
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  return readMessage(schemeOf(SENDERS[family].scheme), Buffer.from(changed), "signed-id", []);
}

describe.each(FAMILIES)("a message of %s", (family) => {
  test("says who decided what on which approval", () => {
    for (const decision of ["approve", "decline"] as const) {
      const found = read(family, { decision });
      expect(found).toMatchObject({
        kind: "decision",
        content: { external: SENDERS[family].external, decision, approvalId: APPROVAL, reason: "looks right" },
      });
    }
  });

  test("that is cut off is no decision", () => {
    const { body } = SENDERS[family].send(said(family), NOW);
    const cut = body.subarray(0, body.length - 1);
    const scheme = schemeOf(SENDERS[family].scheme);
    expect(readMessage(scheme, cut, "signed-id", []).kind).toBe("no-decision");
    const spoilt = Buffer.concat([body.subarray(0, 40), Buffer.from([0xff]), body.subarray(40)]);
    expect(readMessage(scheme, spoilt, "signed-id", []).kind).toBe("no-decision");
  });

  test("that names another thing than an approval is no decision", () => {
    expect(read(family, { approvalId: "7" }).kind).toBe("no-decision");
  });

  test("of another account than the source expects is no decision", () => {
    const found = readBody(family, said(family), [{ at: "team.id", equals: ["T9"] }]);
    expect(found).toEqual({ kind: "no-decision", why: "team.id is not one of the values that the source expects" });
  });
});

test.each(["standard", "asymmetric", "slack", "teams"] as const)("a message of %s says what was seen", (family) => {
  expect(read(family)).toMatchObject({ content: { seenHash: HASH } });
  expect(read(family, { hash: HASH.slice(0, 12) })).toMatchObject({ content: { seenHash: HASH.slice(0, 12) } });
  expect(read(family, { hash: HASH.slice(0, 11) }).kind).toBe("no-decision");
  expect(read(family, { hash: "" }).kind).toBe("no-decision");
});

test("a message with two approvals is no decision", () => {
  const other = APPROVAL.replace("0b6c", "0b6d");
  expect(edited("teams", HASH, `${HASH} ${other}`)).toEqual({
    kind: "no-decision",
    why: "it names several approvals",
  });
});

test("in Teams the first word after the mention decides, whatever the reason says", () => {
  expect(edited("teams", "looks right", "decline would be wrong")).toMatchObject({
    content: { decision: "approve", reason: "decline would be wrong" },
  });
  expect(edited("teams", "approve", "please approve").kind).toBe("no-decision");
});

test("on GitHub the reviewer counts, and neither the sender nor a name that can be changed", () => {
  expect(edited("github", '"approver":{"id":583231', '"approver":{"id":"","number":583231').kind).toBe("no-decision");
  expect(edited("github", '"approver"', '"somebody"')).toEqual({ kind: "no-decision", why: "it names no person" });
});

test("on GitHub the approval stands behind a mark, in the title of the run or in the comment", () => {
  expect(edited("github", "approval:", "").kind).toBe("no-decision");
  const inComment = edited(
    "github",
    /"comment":"looks right"(.*)approval:[0-9a-f-]+/,
    `"comment":"approval:${APPROVAL}"$1`,
  );
  expect(inComment).toMatchObject({ content: { approvalId: APPROVAL } });
});

test("an automation of PagerDuty is no person, and an acknowledgement is no decision", () => {
  expect(edited("pagerduty", /"agent":\{[^}]*\}/, '"agent":null').kind).toBe("no-decision");
  expect(edited("pagerduty", "user_reference", "service_reference").kind).toBe("no-decision");
  expect(edited("pagerduty", "incident.custom_field_values.updated", "incident.acknowledged").kind).toBe("no-decision");
});

test("a responder of PagerDuty decides by the reply", () => {
  const event = {
    id: "01",
    event_type: "incident.responder.replied",
    agent: { id: "PLH1HKV", type: "user_reference" },
    data: { state: "declined", user: { id: "PLH1HKV" }, message: `Please decide: approval:${APPROVAL} ${HASH}` },
  };
  const found = readMessage(schemeOf("pagerduty"), Buffer.from(JSON.stringify({ event })), undefined, []);
  expect(found).toEqual({
    kind: "decision",
    messageId: "01",
    content: { external: "PLH1HKV", decision: "decline", approvalId: APPROVAL, seenHash: HASH },
  });
});

test("a reason is one line of text without control characters", () => {
  expect(read("standard", { reason: "a\u0000b\r\nc\ud800" })).toMatchObject({ content: { reason: "a b c" } });
});
