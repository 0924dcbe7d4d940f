/**
 * Chains of hashes: the form of all evidence.
 *
 * - H1 The hash of a link covers the name of its chain, its number, the hash before it and the hash of its content. So a
 *   link that is changed, removed, inserted or moved, also to another chain, breaks the chain there.
 * - H2 A link can be shown without its content: whoever may not read it can still check that nothing was removed.
 * - H3 Everything is hashed as canonical JSON (RFC 8785), so that a program in any language can check it.
 *
 * Tests: test/unit/domain/evidence-chain.test.ts, and test/tools/verify.test.ts by a program that shares no code.
 */
import { z } from "zod";
import { canonicalJson, type HashFunction } from "../identity.js";
import { Id } from "../text.js";

/** Begins everything that is hashed, so that no other text of the product has the same hash. */
const FORMAT = "secondsite-evidence/1";

/** Before the first link of a chain. */
export const BEGINNING = "0".repeat(64);

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The place of a link in its chain. */
const place = { seq: z.int().min(1), previousHash: Sha256, hash: Sha256 };
export const linkOf = <C extends z.ZodType>(content: C) => z.strictObject({ ...place, content });

/** One link of a chain with its content. */
export interface Link<C> {
  seq: number;
  previousHash: string;
  hash: string;
  content: C;
}

/** The last link of a chain. */
export interface Tip {
  seq: number;
  hash: string;
}

export const contentHashOf = (content: object, hash: HashFunction): string => hash(canonicalJson(content));

/** The hash of a link. */
export function linkHash(chain: string, seq: number, previousHash: string, contentHash: string, hash: HashFunction) {
  return hash(canonicalJson([FORMAT, chain, seq, previousHash, contentHash]));
}

/** The contents as links that follow `after`. */
export function chainOf<C extends object>(
  chain: string,
  contents: readonly C[],
  hash: HashFunction,
  after: Tip = { seq: 0, hash: BEGINNING },
): Link<C>[] {
  let { seq, hash: previousHash } = after;
  return contents.map((content) => {
    seq += 1;
    const link = linkHash(chain, seq, previousHash, contentHashOf(content, hash), hash);
    const made = { seq, previousHash, hash: link, content };
    previousHash = link;
    return made;
  });
}

/** The last link of a chain in another record: how many links there are, and the hash of the last. */
export const ChainHead = z.strictObject({ itemId: Id.nullable(), count: z.int().min(1), head: Sha256 });
export type ChainHead = z.infer<typeof ChainHead>;
