import { beforeEach, describe, expect, test } from "vitest";
import type { AccessToken } from "../../src/domain/access/access-token.js";
import type { Store } from "../../src/store/port.js";
import { createStore } from "../../src/store/store.js";
import type { Tables } from "../../src/store/tables/port.js";

const AT = "2026-03-02T09:00:00.000Z";
const code = (name: string) => expect.objectContaining({ code: name });
const token = (digit: string, changes: Partial<AccessToken> = {}): AccessToken => ({
  tokenId: digit.repeat(16),
  person: "ann",
  grants: [{ role: "executor", planIds: ["shop"] }],
  hash: digit.repeat(64),
  createdAt: AT,
  createdBy: "root",
  expiresAt: null,
  ...changes,
});

/** Access tokens in a store. */
export function storeTokensSuite(name: string, openTables: () => Tables): void {
  describe(`access tokens in ${name}`, () => {
    let store: Store;
    beforeEach(() => {
      store = createStore(openTables());
    });

    test("of two that record the same id one does, and its record stays", async () => {
      const made = await Promise.all(
        [1, 2, 3].map((number) => store.createToken(token("a", { person: `p${number}` }))),
      );
      expect(made.filter(Boolean)).toHaveLength(1);
      const winner = `p${made.indexOf(true) + 1}`;
      expect((await store.getToken("a".repeat(16)))?.value).toEqual(token("a", { person: winner }));
      expect(await store.getToken("b".repeat(16))).toBeNull();
    });

    test("a change needs the version that was read", async () => {
      await store.createToken(token("a"));
      const etag = (await store.getToken("a".repeat(16)))?.etag ?? "";
      const revoked = token("a", { revoked: { at: AT, by: "root" } });
      await store.updateToken(revoked, etag);
      await expect(store.updateToken(token("a"), etag)).rejects.toThrow(code("etag-mismatch"));
      expect((await store.getToken("a".repeat(16)))?.value).toEqual(revoked);
      await expect(store.updateToken(token("b"), etag)).rejects.toThrow(code("etag-mismatch"));
    });

    test("they are listed page by page", async () => {
      for (const digit of ["c", "a", "b"]) await store.createToken(token(digit));
      const { entries, cursor = "" } = await store.listTokens({ limit: 2 });
      const rest = await store.listTokens({ limit: 2, cursor });
      expect([...entries, ...rest.entries].map(({ hash }) => hash[0])).toEqual(["a", "b", "c"]);
      expect(rest.cursor).toBeUndefined();
    });
  });
}
