import { describe, expect, test } from "vitest";
import { pendingApproval } from "../../support/pending-approval.js";
import type { OfCallers } from "../client/requests.js";
import type { ClientEntry } from "../evidence.js";
import { EvidenceBuilder, executionIdOf } from "./support/evidence-builder.js";
import { violatedBy } from "./support/scenarios.js";

type Trespass = Extract<OfCallers, { kind: "trespass" }>;

const APPROVAL = pendingApproval();
const { approvalId } = APPROVAL.content;
const EXECUTION = executionIdOf(1);
const NO_RIGHT = (right: string): string => `[forbidden] this needs the right ${right}, which the caller does not have`;

const FORGED = { kind: "webhook", sourceId: "slack", headers: {}, body: "", said: null } as const;
const GENUINE = {
  ...FORGED,
  said: { sourceId: "slack", external: "U2CERLKJA", approvalId, decision: "approve" },
} as const;
const UNSIGNED = "[webhook-refused] the request is not signed by a registered source";

const refused = (code: string, answer: string): Partial<ClientEntry> => ({ outcome: "refused", code, answer });

/** A write of a request. */
function wrote(builder: EvidenceBuilder, { n }: ClientEntry, table: string, value: object = {}): void {
  const { journal } = builder.evidence.store;
  const operations = [{ kind: "put" as const, row: `record.${approvalId}`, json: JSON.stringify(value) }];
  const place = { atMs: builder.clock.now(), table, partition: "w", generation: 1, request: n, answered: true };
  journal.push({ n: journal.length + 1, ...place, operations });
}

describe("I23 forged messages have no effect and learn nothing", () => {
  test.each<[string, Partial<ClientEntry>, string[]]>([
    ["the answer to all of them", refused("webhook-refused", UNSIGNED), []],
    ["more than that", refused("webhook-refused", `[webhook-refused] slack: ${UNSIGNED.slice(18)}`), ["I23"]],
    ["that it was taken", { outcome: "ok", answer: { outcome: "decided" } }, ["I23"]],
    ["nothing, because the host died", { outcome: "unknown" }, []],
  ])("it hears %s", async (_, answer, expected) => {
    const builder = await EvidenceBuilder.create();
    builder.request(FORGED, answer);
    expect(await violatedBy(builder)).toEqual(expected);
  });

  test.each([
    ["SecurityRecords", []],
    ["WebhookReceipts", ["I23"]],
  ])("it wrote to %s", async (table, expected) => {
    const builder = await EvidenceBuilder.create();
    wrote(builder, builder.request(FORGED, refused("webhook-refused", UNSIGNED)), table);
    expect(await violatedBy(builder)).toEqual(expected);
  });

  test.each([
    ["WebhookReceipts", "refused", []],
    ["Approvals", "refused", ["I23"]],
    ["Approvals", "decided", []],
  ])("a genuine message wrote to %s and was %s", async (table, outcome, expected) => {
    const builder = await EvidenceBuilder.create();
    wrote(builder, builder.request(GENUINE, { answer: { outcome } }), table, APPROVAL);
    expect(await violatedBy(builder)).toEqual(expected);
  });
});

describe("I23 callers without the right have no effect and learn nothing", () => {
  const UNKNOWN = "00000000-0000-8000-8000-00000000ffff";
  const cases: [Trespass, string, string][] = [
    [{ kind: "trespass", who: "viewer", act: "approve", approvalId, seenHash: "" }, "forbidden", NO_RIGHT("approve")],
    [{ kind: "trespass", who: "viewer", act: "pause", executionId: EXECUTION }, "forbidden", NO_RIGHT("test or run")],
    [{ kind: "trespass", who: "operator", act: "start", planId: "plan", key: "k" }, "forbidden", NO_RIGHT("run")],
    [{ kind: "trespass", who: "administrator", act: "break-glass", approvalId }, "forbidden", NO_RIGHT("break-glass")],
    [
      { kind: "trespass", who: "guesser", act: "approve", approvalId: UNKNOWN, seenHash: "" },
      "approval-not-found",
      `[approval-not-found] there is no approval ${UNKNOWN}`,
    ],
    [
      { kind: "trespass", who: "helper", act: "pause", executionId: EXECUTION },
      "execution-not-found",
      `[execution-not-found] there is no execution ${EXECUTION}`,
    ],
  ];

  test.each(cases)("%o is answered as it must be, or otherwise", async (request, code, answer) => {
    const builder = await EvidenceBuilder.create();
    builder.request(request, refused(code, answer));
    expect(await violatedBy(builder)).toEqual([]);
    builder.request(request, refused(code, `${answer} in world small`));
    expect(await violatedBy(builder)).toEqual(["I23"]);
  });

  test("a caller without the right is answered that it is done", async () => {
    const builder = await EvidenceBuilder.create();
    builder.request({ kind: "trespass", who: "viewer", act: "pause", executionId: EXECUTION });
    expect(await violatedBy(builder)).toEqual(["I23"]);
  });
});
