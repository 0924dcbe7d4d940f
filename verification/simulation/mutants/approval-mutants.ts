import type { ActivityRunner } from "../../../host/durable/engine/index.js";
import type { Approval } from "../../../src/domain/approvals/approval.js";
import { useApproval } from "../../../src/executions/approval-contracts.js";
import type { Store } from "../../../src/store/port.js";
import { forgersSecret } from "../generators/webhook-sources.js";
import type { Mutant } from "./mutant.js";
import { wrapStore } from "./wrap.js";

/** A store whose approvals are read with other contents, and written with their own. */
const readOtherwise = (change: (content: Approval["content"]) => Approval["content"]) =>
  wrapStore(
    (store): Partial<Store> => ({
      getApproval: async (approvalId) => {
        const found = await store.getApproval(approvalId);
        return found && { ...found, value: { ...found.value, content: change(found.value.content) } };
      },
      updateApproval: async (before, after) => {
        const own = (await store.getApproval(after.content.approvalId))?.value.content ?? after.content;
        await store.updateApproval({ ...before, value: { ...before.value, content: own } }, { ...after, content: own });
      },
    }),
  );

/** Every approval that was asked for counts as used. */
const letPass =
  (runner: ActivityRunner): ActivityRunner =>
  async (call) => {
    const end = await runner(call);
    if (call.name !== useApproval.name || !end.ok) return end;
    return { ok: true, result: JSON.stringify({ ok: true, value: { state: "used", decisions: [] } }) };
  };

export const APPROVAL_MUTANTS: readonly Mutant[] = [
  {
    breaks: "I12",
    what: "a product for which one person is enough",
    services: readOtherwise((content) => ({ ...content, needed: 1 })),
  },
  {
    breaks: "I12",
    what: "a product in which the requester may approve",
    services: readOtherwise((content) => ({ ...content, excluded: [] })),
  },
  {
    breaks: "I23",
    what: "a store that notes each look at an approval in its record",
    services: wrapStore((store) => ({
      getApproval: async (approvalId) => {
        const found = await store.getApproval(approvalId);
        if (found === null) return null;
        await store.updateApproval(found, found.value);
        return store.getApproval(approvalId);
      },
    })),
  },
  {
    breaks: "I24",
    what: "a product in which no approval ever expires",
    services: readOtherwise((content) => ({ ...content, expiresAt: "2999-01-01T00:00:00.000Z" })),
  },
  {
    breaks: "I23",
    what: "a product that takes the signature of a forger",
    services: (services) => ({
      ...services,
      secrets: {
        get: (name) =>
          name === "SLACK" ? forgersSecret("slack") : name === "GITHUB" ? forgersSecret("github") : undefined,
      },
    }),
  },
  {
    breaks: "I23",
    what: "a store in which every token gives every right",
    services: wrapStore((store) => ({
      getToken: async (tokenId) => {
        const found = await store.getToken(tokenId);
        const grants = [{ role: "administrator" as const }, { role: "approver" as const }];
        return found && { ...found, value: { ...found.value, grants } };
      },
    })),
  },
  {
    breaks: "I12",
    what: "a source that speaks for somebody else",
    services: wrapStore((store) => ({
      getWebhookSource: async (sourceId) => {
        const found = await store.getWebhookSource(sourceId);
        return found && { ...found, people: found.people.map((one) => ({ ...one, person: "dan" })) };
      },
    })),
  },
  { breaks: "I13", what: "an execution that goes on whether or not it was approved", activities: letPass },
];
