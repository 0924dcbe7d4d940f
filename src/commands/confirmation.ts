import { type Confirmation, movementOf, requireConfirmed } from "../domain/start/confirmation.js";
import type { Verb } from "../domain/vocabulary.js";
import type { ItemClaim } from "../store/port.js";
import type { Services } from "./context.js";

/** Refuses `confirmation-mismatch` when the claimed items would go another way than the request confirms. */
export async function requireConfirmation(
  { hypervisor }: Services,
  worldId: string,
  verb: Verb,
  confirmed: Confirmation | undefined,
  claims: readonly ItemClaim[],
): Promise<void> {
  if (confirmed === undefined) return;
  const moving = claims.filter(({ during }) => during !== null).map(({ itemId }) => itemId);
  requireConfirmed(verb, confirmed, movementOf(verb, await hypervisor.describeItems(worldId, moving)));
}
