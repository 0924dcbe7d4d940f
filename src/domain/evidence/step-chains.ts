/**
 * The chains of steps. Each part of an execution has one for each of its items, so that parallel items never wait for
 * one another, and one for the steps of no item. They are made where the steps are written, once.
 */
import type { Step, StepRecord } from "../execution.js";
import type { HashFunction } from "../identity.js";
import { type ChainHead, chainOf, type Link } from "./chain.js";

/** A step as evidence has it. */
export interface StepEvent {
  kind: "step";
  step: Step;
}

/** The chain of one item in one part; `itemId` is null for the steps of no item. */
export interface StepChain {
  chain: string;
  part: string;
  itemId: string | null;
  links: Link<StepEvent>[];
}

const nameOf = (executionId: string, part: string, itemId: string | null): string =>
  `steps:${executionId}/${part}/${itemId ?? ""}`;

export function stepChainsOf(executionId: string, { part, steps }: StepRecord, hash: HashFunction): StepChain[] {
  const byItem = new Map<string | null, StepEvent[]>();
  for (const step of steps) {
    const itemId = step.itemId ?? null;
    const events = byItem.get(itemId) ?? [];
    byItem.set(itemId, events);
    events.push({ kind: "step", step });
  }
  return [...byItem].map(([itemId, events]) => {
    const chain = nameOf(executionId, part, itemId);
    return { chain, part, itemId, links: chainOf(chain, events, hash) };
  });
}

export const headsOf = (chains: readonly StepChain[]): ChainHead[] =>
  chains.flatMap(({ itemId, links }) => {
    const last = links.at(-1);
    return last === undefined ? [] : [{ itemId, count: last.seq, head: last.hash }];
  });

/** A record of steps with the heads of its chains. */
export const withChains = (executionId: string, record: StepRecord, hash: HashFunction): StepRecord => ({
  ...record,
  chains: headsOf(stepChainsOf(executionId, record, hash)),
});
