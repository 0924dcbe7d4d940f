import { Subscription } from "../domain/notifications/subscription.js";
import { pageOf } from "./paging.js";
import type { Page, PageRequest } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Table, TableConflict } from "./tables/port.js";
import { updateWithRetry } from "./update-with-retry.js";

const SUBSCRIPTION: Codec<Subscription> = { what: "subscription", schema: 1, shape: Subscription };
const SUBSCRIPTIONS = "subscriptions";

/** An unreadable row is not replaced. */
export function putSubscription(table: Table, subscription: Subscription): Promise<boolean> {
  const columns = encode(SUBSCRIPTION, subscription.id, subscription);
  return updateWithRetry(
    () => table.get(SUBSCRIPTIONS, subscription.id),
    (row) => {
      const isNew = row === null;
      if (!isNew) decode(SUBSCRIPTION, row);
      const operation = isNew
        ? ({ kind: "insert", ...columns } as const)
        : ({ kind: "replace", ...columns, etag: row.etag } as const);
      return { answer: isNew, write: () => table.transact(SUBSCRIPTIONS, [operation]) };
    },
  );
}

export async function getSubscription(table: Table, subscriptionId: string): Promise<Subscription | null> {
  const row = await table.get(SUBSCRIPTIONS, subscriptionId);
  return row === null ? null : decode(SUBSCRIPTION, row);
}

export const listSubscriptions = (table: Table, page: PageRequest): Promise<Page<Subscription>> =>
  pageOf(table, SUBSCRIPTIONS, page, (row) => decode(SUBSCRIPTION, row));

export async function removeSubscription(table: Table, subscriptionId: string): Promise<void> {
  try {
    await table.transact(SUBSCRIPTIONS, [{ kind: "delete", row: subscriptionId }]);
  } catch (thrown) {
    if (!(thrown instanceof TableConflict && thrown.reason === "missing")) throw thrown;
  }
}
