/**
 * What a failure drill expected, against what came.
 *
 * - J2 What was expected and came is no failure; what was expected and did not come is one.
 *   (test/orchestrators/failure-drills.test.ts)
 */
import { toldOf } from "../wording.js";
import type { DrilledItem } from "./drill.js";
import type { FailureDrill } from "./failure-drill.js";

const isMeant = ({ itemId, groupId }: FailureDrill["expect"][number], item: DrilledItem): boolean =>
  itemId === item.itemId || groupId === item.groupId;

/** The items that came to the end that was expected of them. */
export const asExpected = ({ expect }: FailureDrill, items: readonly DrilledItem[]): ReadonlySet<string> =>
  new Set(
    items
      .filter((item) => expect.some((one) => isMeant(one, item) && one.outcome === item.outcome))
      .map(({ itemId }) => itemId),
  );

/** What did not come as it was expected. */
export const unexpectedOf = ({ expect }: FailureDrill, items: readonly DrilledItem[]): string[] =>
  expect.flatMap((one) =>
    items
      .filter((item) => isMeant(one, item) && item.outcome !== one.outcome)
      .map(({ itemId, outcome, because }) => {
        const end = `${itemId} was expected to be ${one.outcome} and is ${outcome}`;
        return because === null ? end : toldOf(end, because);
      }),
  );
