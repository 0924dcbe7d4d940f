import type { ItemRecord } from "../../../src/domain/items/item-record.js";
import type { ClientEntry, Evidence, Transaction } from "../evidence.js";

/** Only the last lines are printed. */
const MAX_LINES = 60;

/** The last events of a run from all of its ledgers, in the order of time, one line each. */
export function timelineOf(evidence: Evidence): string[] {
  const lines: [number, string][] = [
    ...evidence.injectedFaults.map(({ atMs, ...what }): [number, string] => [atMs, `fault ${JSON.stringify(what)}`]),
    ...evidence.estate.events.map(({ atMs, ...what }): [number, string] => [atMs, `estate ${JSON.stringify(what)}`]),
    ...evidence.client.map((entry): [number, string] => [entry.atMs, requestLine(entry)]),
    ...evidence.store.journal.flatMap((transaction) => itemLines(transaction)),
    ...evidence.estate.items.flatMap(({ itemId, ledger }) =>
      ledger.map(({ at, key, epoch, after }): [number, string] => {
        const copies = after ? `source ${copyOf(after.source)}, replica ${copyOf(after.replica)}` : "";
        return [Date.parse(at), `ledger ${itemId}: ${key}, epoch ${epoch}, ${copies}`];
      }),
    ),
  ];
  return lines
    .sort(([a], [b]) => a - b)
    .slice(-MAX_LINES)
    .map(([atMs, line]) => `${new Date(atMs).toISOString().slice(5, 23)} ${line.slice(0, 400)}`);
}

const copyOf = ({ power, writable }: { power: string; writable: boolean }): string =>
  writable ? `${power} and writable` : power;

function requestLine({ n, request, outcome, code, repeats }: ClientEntry): string {
  const again = repeats === null ? "" : ` (again #${repeats})`;
  return `request #${n}${again} ${outcome}${code === null ? "" : ` ${code}`}: ${JSON.stringify(request)}`;
}

function itemLines({ table, atMs, operations, generation }: Transaction): [number, string][] {
  if (table !== "Items") return [];
  return operations.flatMap(({ json }): [number, string][] => {
    if (json === null) return [];
    const { itemId, state, heldBy, epoch } = JSON.parse(json) as ItemRecord;
    const holder = heldBy === null ? "free" : `held by ${heldBy.executionId} (${heldBy.verb})`;
    return [[atMs, `record ${itemId}: ${state}, epoch ${epoch}, ${holder}, host ${generation}`]];
  });
}
