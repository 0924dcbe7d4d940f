import { DECISION_EVENT, type DecisionEvent, decision } from "../../../src/orchestrators/runtime/contracts.js";
import type { Evidence } from "../evidence.js";
import type { Facts } from "./facts.js";

type Message = Evidence["hub"]["messages"][number];
export type Made<K extends DecisionEvent["kind"]> = {
  atMs: number;
  message: Message;
  made: Extract<DecisionEvent, { kind: K }>;
};

/** The decisions of one kind that the hub acknowledged for an execution, in order. */
export function decisionsOf<K extends DecisionEvent["kind"]>(
  { evidence }: Facts,
  executionId: string,
  kind: K,
): Made<K>[] {
  return evidence.hub.messages.flatMap((message) => {
    if (message.instanceId !== executionId || message.name !== DECISION_EVENT) return [];
    const parsed = decision.safeParse(JSON.parse(message.data));
    if (!parsed.success || parsed.data.kind !== kind) return [];
    return [{ atMs: message.atMs, message, made: parsed.data as Extract<DecisionEvent, { kind: K }> }];
  });
}
