import type { LedgerEntry } from "../../../../src/hypervisor/port.js";
import type { EstateItem, Evidence } from "../../evidence.js";

/** The ledger of the only item. */
function ledgerOf({ estate }: Evidence): LedgerEntry[] {
  return estate.items[0]?.ledger ?? [];
}

/** Its first entry of an operation. */
export const entryOf = (evidence: Evidence, operation: string): LedgerEntry => {
  const entry = ledgerOf(evidence).find((candidate) => candidate.operation === operation);
  if (entry === undefined) throw new Error(`no ${operation}`);
  return entry;
};

/** The states of the only item, from the effect of an operation on. */
export const statesFrom = (evidence: Evidence, operation: string): EstateItem["states"] => {
  const { sequence } = entryOf(evidence, operation);
  return (evidence.estate.items[0]?.states ?? []).filter(({ state }) => state.entries >= sequence);
};
