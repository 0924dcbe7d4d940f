import { z } from "zod";
import { Guid, Id } from "../domain/text.js";
import { activityContract, type PollingContract, pollingContract } from "../durable/contract.js";
import { ITEM_STEPS, type ItemStep, keysOf, SITE_OPERATIONS, type SiteOperation } from "./catalogue.js";

/** From 2 on when somebody answered `retry`: the step is another one at the hypervisor. */
export const attempt = z.int().min(1).default(1);

/** What every step on one item carries: whose it is, and what it is done to. */
const onItem = z.object({ worldId: Id, executionId: Guid, itemId: Id, attempt });
export const onItems = z.object({ worldId: Id, executionId: Guid, itemIds: z.array(Id) });
const onSite = z.object({ worldId: Id, executionId: Guid, siteId: Id });

type Rows = typeof ITEM_STEPS & typeof SITE_OPERATIONS;
type StepName = ItemStep | SiteOperation;
type InputSchema<N extends StepName> = Rows[N] extends { input: infer I extends z.ZodType } ? I : Rows[N]["params"];

/** What a step takes, beside what it is done to. */
export type ParamsOf<N extends StepName> = z.output<InputSchema<N>>;
/** What a step gives back. */
export type ResultOf<N extends StepName> = z.output<Rows[N]["result"]>;

export type OnItem = z.output<typeof onItem>;
type OnSite = z.output<typeof onSite>;
type Contract<N extends StepName, On> = PollingContract<
  z.ZodType<On & { params: ParamsOf<N> }, On & { params: ParamsOf<N> }>,
  z.ZodType<ResultOf<N>, ResultOf<N>>
>;

/** Made once: a replay asks for the contract of every step again. */
const ITEM_CONTRACTS = new Map(keysOf(ITEM_STEPS).map((name) => [name, contractOf(name, ITEM_STEPS[name], onItem)]));
const SITE_CONTRACTS = new Map(
  keysOf(SITE_OPERATIONS).map((name) => [name, contractOf(name, SITE_OPERATIONS[name], onSite)]),
);

/** The contract of a step on an item, made from its row. */
export const stepContract = <N extends ItemStep>(name: N): Contract<N, OnItem> =>
  ITEM_CONTRACTS.get(name) as unknown as Contract<N, OnItem>;

/** The contract of a step on a site, made from its row. */
export const siteStepContract = <N extends SiteOperation>(name: N): Contract<N, OnSite> =>
  SITE_CONTRACTS.get(name) as unknown as Contract<N, OnSite>;

function contractOf(name: StepName, row: Rows[StepName], on: z.ZodObject) {
  const params = "input" in row ? row.input : row.params;
  return pollingContract({ name, input: on.extend({ params }), output: row.result, retry: "hypervisor-call" });
}

/** Abandons a step that failed: from then on it has taken effect, or never will. */
export const abandonStep = activityContract({
  name: "abandon-step",
  input: onItem.extend({ step: z.string() }),
  output: z.object({}),
  retry: "hypervisor-call",
});

/** A network with the items whose test it was. */
const testNetwork = z.object({
  siteId: Id,
  networkId: z.string(),
  testExecutionId: z.string(),
  itemIds: z.array(Id),
});

/** What tests of the items left behind. */
export const findTestLeftovers = activityContract({
  name: "find-test-leftovers",
  input: z.object({
    worldId: Id,
    executionId: Guid,
    /** Each with the site of the copy that receives, where its test copies are. */
    items: z.array(z.object({ itemId: Id, targetSiteId: Id })),
  }),
  output: z.object({
    copies: z.array(z.object({ itemId: Id, name: z.string() })),
    /** Each with those of the items whose test it was. */
    networks: z.array(testNetwork),
    /** Networks that nobody may remove yet, because an item that may be on them cannot be read; each with the reason. */
    doubtful: z.array(testNetwork.extend({ why: z.string() })),
    /** Items of which nobody knows what is left, each with the reason. */
    unreadable: z.array(z.object({ itemId: Id, why: z.string() })).default([]),
  }),
  retry: "hypervisor-call",
});
