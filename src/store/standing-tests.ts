/**
 * Tests that somebody has to clean up, by when they are forgotten. A test is in the list from before it is recorded until
 * nothing of it stands any more. Tests: test/suites/store-drills.suite.ts.
 */
import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { Guid, Instant } from "../domain/text.js";
import type { StandingTest } from "./drill-port.js";
import { pageOf } from "./paging.js";
import type { Page, PageRequest } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type RowOperation, type Table, TableConflict } from "./tables/port.js";
import { earliestFirst } from "./time-keys.js";

const TEST: Codec<StandingTest> = {
  what: "standing test",
  schema: 1,
  shape: z.strictObject({ executionId: Guid, since: Instant, lookAt: Instant, attempts: z.int().min(0) }),
};

const PARTITION = "tests";
const rowOf = ({ lookAt, executionId }: StandingTest): string => `${placeOf(lookAt)}.${executionId}`;
const placeOf = (instant: string): string => `look.${earliestFirst(instant)}`;

export async function watchTest(table: Table, test: StandingTest): Promise<void> {
  await table.transact(PARTITION, [{ kind: "put", ...encode(TEST, rowOf(test), test) }]);
}

export async function moveTest(table: Table, before: StandingTest, after: StandingTest | null): Promise<void> {
  const [old, now] = [rowOf(before), after === null ? null : rowOf(after)];
  const operations: RowOperation[] = [
    ...(old === now ? [] : [{ kind: "delete" as const, row: old }]),
    ...(after === null ? [] : [{ kind: "put" as const, ...encode(TEST, rowOf(after), after) }]),
  ];
  try {
    await table.transact(PARTITION, operations);
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
    throw new RecoveryError("etag-mismatch", `test ${before.executionId} was looked at at the same moment`);
  }
}

export const listForgottenTests = (table: Table, now: string, page: PageRequest): Promise<Page<StandingTest>> =>
  pageOf(table, PARTITION, page, (row) => decode(TEST, row), { prefix: "look.", before: `${placeOf(now)}/` });
