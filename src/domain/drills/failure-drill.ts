/**
 * A failure drill: a drill into which faults of the emulator are injected, with what the plan is then expected to do.
 *
 * - J1 Faults are put on copies of a test only, so no production machine meets one. (test/orchestrators/failure-drills.test.ts)
 */
import { z } from "zod";
import { Id, Name } from "../text.js";

/** A fault of a test copy, in the terms of the fault API. */
const TestFault = z.strictObject({
  target: z.strictObject({ itemId: Id }),
  operation: z.enum(["create-test-copy", "start-test-copy"]),
  mode: z.enum(["fail-before", "fail-after", "refuse", "hang", "slow"]),
  factor: z.number().gt(1).max(1_000).optional(),
  times: z.int().min(1).max(1_000).optional(),
});

const Expectation = z
  .strictObject({
    itemId: Id.optional(),
    groupId: Id.optional().describe("every item of the group"),
    outcome: z.enum(["succeeded", "failed", "skipped", "cancelled"]).describe("how the test ends for it"),
  })
  .refine(({ itemId, groupId }) => (itemId === undefined) !== (groupId === undefined), "name an item or a group");

export const FailureDrill = z.strictObject({
  id: Id,
  name: Name,
  faults: z.array(TestFault).min(1).max(50).describe("each lasts until the test has ended"),
  expect: z.array(Expectation).min(1).max(200),
});
export type FailureDrill = z.infer<typeof FailureDrill>;
