import { randomBytes } from "node:crypto";
import { type AccessToken, tokenText } from "../domain/access/access-token.js";
import { isSamePerson } from "../domain/access/person.js";
import type { Grant } from "../domain/access/roles.js";
import { RecoveryError } from "../domain/errors.js";
import { toInstant } from "../domain/text.js";
import { type Page, type PageRequest, updateWithRetry } from "../store/port.js";
import type { Services } from "./context.js";
import { withdrawDelegations } from "./delegations.js";

const DAY_MS = 86_400_000;

/** A new token, whose text is shown only now. */
export interface NewToken {
  text: string;
  token: AccessToken;
}

const rolesOf = (grants: readonly Grant[]) => [...new Set(grants.map(({ role }) => role))];

/** Makes a token. Made twice, there are two: its maker knows one of them and revokes the other. */
export async function createToken(
  { store, clock, hash }: Services,
  { person, grants, expiresInDays }: { person: string; grants: Grant[]; expiresInDays: number },
  createdBy: string,
): Promise<NewToken> {
  const tokenId = randomBytes(8).toString("hex");
  const text = tokenText(tokenId, randomBytes(32).toString("hex"));
  const nowMs = clock.now();
  const [createdAt, expiresAt] = [toInstant(nowMs), toInstant(nowMs + expiresInDays * DAY_MS)];
  const token = { tokenId, person, grants, hash: hash(text), createdAt, createdBy, expiresAt };
  if (!isSamePerson(person, createdBy)) {
    // Before the token, so that there is none without its record.
    await store.recordTokenMade({ tokenId, person, madeBy: createdBy, roles: rolesOf(grants), lastAt: createdAt });
  }
  if (!(await store.createToken(token))) throw new RecoveryError("already-exists", `token ${tokenId} exists`);
  return { text, token };
}

export function listTokens({ store }: Services, page: PageRequest): Promise<Page<AccessToken>> {
  return store.listTokens(page);
}

/**
 * Revokes a token, and takes back what its person delegated, so that nobody decides in their place any more. Its record
 * stays, so that a list shows who made it and who revoked it. A repetition changes nothing more.
 */
export async function revokeToken({ store, clock }: Services, tokenId: string, by: string): Promise<void> {
  const { person } = await updateWithRetry(
    () => store.getToken(tokenId),
    (found) => {
      if (found === null) throw new RecoveryError("token-not-found", `there is no token ${tokenId}`);
      const { value, etag } = found;
      if (value.revoked) return { answer: value };
      const revoked = { at: toInstant(clock.now()), by };
      return { answer: value, write: () => store.updateToken({ ...value, revoked }, etag) };
    },
  );
  await withdrawDelegations({ store }, person);
}
