/**
 * Whether a drill left production alone.
 *
 * - U1 Everything that the drill did to a machine is an operation of a test, by the ledger of the estate.
 * - U2 Source, replica and replication are as before, unless others worked on the machine meanwhile, who are named.
 * - U3 What cannot be looked at is unknown, never untouched.
 * Tests: test/unit/domain/drills/production.test.ts.
 */
import type { ProductionFacts } from "./drill.js";

/** The operations of a test. Any other one of a drill is a fault. */
const OF_A_TEST: ReadonlySet<string> = new Set([
  // Makes a recovery point of what has arrived at the other site.
  "process-pending-data",
  "create-test-copy",
  "start-test-copy",
  "remove-test-copy",
  "create-test-network",
  "remove-test-network",
]);

/** What the ledger says of one operation. */
export interface DoneOperation {
  operation: string;
  executionId: string;
}

export interface ProductionChange {
  changes: string[];
  byOthers: string[];
}

/** What differs between two looks at a machine, and what was done to it in between. */
export function productionChange(
  before: ProductionFacts,
  after: ProductionFacts,
  done: readonly DoneOperation[],
  own: ReadonlySet<string>,
): ProductionChange {
  const { itemId } = before;
  const foreign = done.filter(({ executionId }) => !own.has(executionId));
  const wrong = done.filter(({ executionId, operation }) => own.has(executionId) && !OF_A_TEST.has(operation));
  const differences = differencesOf(before, after).map((what) => `${itemId}: ${what}`);
  const names = [...new Set(foreign.map(({ operation, executionId }) => `${operation} by execution ${executionId}`))];
  return {
    changes: [
      ...wrong.map(({ operation }) => `${itemId}: the drill did ${operation}, which is no part of a test`),
      ...(foreign.length === 0 ? differences : []),
    ],
    byOthers: names.map((name) => `${itemId}: ${name}`),
  };
}

function differencesOf(before: ProductionFacts, after: ProductionFacts): string[] {
  const fields: [string, unknown, unknown][] = [
    ["the epoch", before.epoch, after.epoch],
    ["the direction of replication", before.direction, after.direction],
    ["replication", before.replication, after.replication],
    ["the power of the source", before.source.power, after.source.power],
    ["whether the source takes writes", before.source.writable, after.source.writable],
    ["the power of the replica", before.replica.power, after.replica.power],
    ["whether the replica takes writes", before.replica.writable, after.replica.writable],
  ];
  return fields.flatMap(([name, was, is]) => (was === is ? [] : [`${name} was ${was} and is ${is}`]));
}
