import { RecoveryError } from "../../domain/errors.js";
import { type Subscription, type SubscriptionInput, secretsOf } from "../../domain/notifications/subscription.js";
import { toInstant } from "../../domain/text.js";
import type { Page, PageRequest } from "../../store/port.js";
import type { Services } from "../context.js";

/** A subscription, and those of its secrets that have no value. */
export interface SubscriptionView extends Subscription {
  missingSecrets: string[];
}

export async function saveSubscription(
  services: Services,
  id: string,
  input: SubscriptionInput,
  savedBy: string,
): Promise<{ view: SubscriptionView; isNew: boolean }> {
  const subscription = { id, ...input, savedAt: toInstant(services.clock.now()), savedBy };
  const isNew = await services.store.putSubscription(subscription);
  return { view: viewOf(services, subscription), isNew };
}

export async function getSubscription(services: Services, id: string): Promise<SubscriptionView> {
  const found = await services.store.getSubscription(id);
  if (!found) throw new RecoveryError("subscription-not-found", `there is no subscription ${id}`);
  return viewOf(services, found);
}

export async function listSubscriptions(services: Services, page: PageRequest): Promise<Page<SubscriptionView>> {
  const { entries, ...rest } = await services.store.listSubscriptions(page);
  return { ...rest, entries: entries.map((subscription) => viewOf(services, subscription)) };
}

/** The values stay where they are: a view says only whether there is one. */
function viewOf({ secrets }: Services, subscription: Subscription): SubscriptionView {
  const missingSecrets = secretsOf(subscription.target).filter((name) => secrets.get(name) === undefined);
  return { ...subscription, missingSecrets };
}
