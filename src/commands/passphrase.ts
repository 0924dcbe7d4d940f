import { RecoveryError } from "../domain/errors.js";
import type { Services } from "./context.js";

/**
 * Refuses `passphrase-refused` unless the passphrase is that of every configuration server that a server registers with:
 * the one of its own site, and those of the sites that a link joins to it.
 */
export async function requirePassphrase(
  { hypervisor, hash }: Services,
  worldId: string,
  siteId: string,
  passphrase: string | undefined,
): Promise<void> {
  const { links } = await hypervisor.describeEstate(worldId, []);
  const joined = links.flatMap(({ between }) => (between.includes(siteId) ? between : []));
  const near = await Promise.all([...new Set([siteId, ...joined])].map((id) => hypervisor.describeSite(worldId, id)));
  for (const { site } of near) {
    const { id, passphraseHash } = site.configurationServer ?? {};
    if (passphraseHash === undefined) continue;
    if (passphrase === undefined)
      throw new RecoveryError("passphrase-refused", `${id} at ${site.id} wants a passphrase`);
    if (hash(`${id}:${passphrase}`) === passphraseHash) continue;
    throw new RecoveryError("passphrase-refused", `the passphrase is not that of ${id} at ${site.id}`);
  }
}
