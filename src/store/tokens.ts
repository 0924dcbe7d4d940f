import { AccessToken } from "../domain/access/access-token.js";
import { RecoveryError } from "../domain/errors.js";
import { pageOf } from "./paging.js";
import type { Page, PageRequest, Tagged } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Table, TableConflict } from "./tables/port.js";

const TOKEN: Codec<AccessToken> = { what: "token", schema: 1, shape: AccessToken };
const TOKENS = "tokens";

/** False if the id exists. */
export async function createToken(table: Table, token: AccessToken): Promise<boolean> {
  try {
    await table.transact(TOKENS, [{ kind: "insert", ...encode(TOKEN, token.tokenId, token) }]);
    return true;
  } catch (error) {
    if (error instanceof TableConflict) return false;
    throw error;
  }
}

export async function getToken(table: Table, tokenId: string): Promise<Tagged<AccessToken> | null> {
  const row = await table.get(TOKENS, tokenId);
  return row === null ? null : { value: decode(TOKEN, row), etag: row.etag };
}

export async function updateToken(table: Table, token: AccessToken, etag: string): Promise<void> {
  try {
    await table.transact(TOKENS, [{ kind: "replace", ...encode(TOKEN, token.tokenId, token), etag }]);
  } catch (error) {
    if (!(error instanceof TableConflict)) throw error;
    throw new RecoveryError("etag-mismatch", `token ${token.tokenId} was changed since it was read`);
  }
}

export const listTokens = (table: Table, request: PageRequest): Promise<Page<AccessToken>> =>
  pageOf(table, TOKENS, request, (row) => decode(TOKEN, row));
