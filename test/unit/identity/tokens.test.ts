import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { createToken, revokeToken } from "../../../src/commands/tokens.js";
import { TokenCallers } from "../../../src/identity/tokens.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import type { Tables } from "../../../src/store/tables/port.js";
import { servicesOver } from "../../support/small-services.js";
import { ManualClock } from "../../support/worlds.js";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const refused = expect.objectContaining({ code: "unauthenticated" });
const grants = [{ role: "executor" as const, planIds: ["shop"] }];
const FIRST = `sst_${"a".repeat(16)}_${"b".repeat(64)}`;
const DAY_MS = 86_400_000;

let clock: ManualClock;
let tables: Tables;

beforeEach(() => {
  clock = new ManualClock();
  tables = createMemoryTables();
});

/** A process of its own over the same tables. */
const opened = (firstHash: string | null = null) => {
  const services = servicesOver(tables, clock);
  return { services, callers: new TokenCallers(services, firstHash) };
};

describe("a token", () => {
  test("names its person and grants, and is kept as a hash only", async () => {
    const { services, callers } = opened();
    const { text, token } = await createToken(services, { person: "ann", grants, expiresInDays: 1 }, "root");
    expect(await callers.callerOf(text)).toMatchObject({ person: "ann", credential: "token", grants });
    expect(token).toMatchObject({ createdBy: "root", hash: sha256(text) });
    const row = await tables.table("Tokens").get("tokens", token.tokenId);
    expect(row?.json).not.toContain(text.split("_")[2]);
  });

  test("of a known id with another secret, of an unknown id, or that is none is refused in the same words", async () => {
    const { services, callers } = opened();
    const { text, token } = await createToken(services, { person: "ann", grants, expiresInDays: 1 }, "root");
    const others = [
      `sst_${token.tokenId}_${"0".repeat(64)}`,
      `sst_${"0".repeat(16)}_${text.split("_")[2]}`,
      text.toUpperCase(),
      `${text} `,
      text.slice(0, -1),
      "",
    ];
    const messages = await Promise.all(
      others.map((other) =>
        callers.callerOf(other).then(
          () => "let in",
          (error: Error) => error.message,
        ),
      ),
    );
    expect([...new Set(messages)]).toEqual(["[unauthenticated] the token is unknown, expired or revoked"]);
  });

  test("expires at its moment, also in a process that knows it already", async () => {
    const { services, callers } = opened();
    const { text } = await createToken(services, { person: "ann", grants, expiresInDays: 1 }, "root");
    clock.pass((DAY_MS - 1) / 1_000);
    await callers.callerOf(text);
    clock.pass(0.001);
    await expect(callers.callerOf(text)).rejects.toThrow(refused);
  });

  test("that was revoked is refused after 5 seconds in every process, and its record stays", async () => {
    const { services, callers } = opened();
    const other = opened();
    const { text, token } = await createToken(services, { person: "ann", grants, expiresInDays: 1 }, "root");
    await Promise.all([callers.callerOf(text), other.callers.callerOf(text)]);
    await revokeToken(services, token.tokenId, "root");
    await revokeToken(services, token.tokenId, "somebody else");
    clock.pass(5);
    await expect(callers.callerOf(text)).rejects.toThrow(refused);
    await expect(other.callers.callerOf(text)).rejects.toThrow(refused);
    const { entries } = await services.store.listTokens({ limit: 10 });
    expect(entries).toMatchObject([{ person: "ann", revoked: { by: "root" } }]);
  });

  test("that nobody made cannot be revoked", async () => {
    const { services } = opened();
    await expect(revokeToken(services, "0".repeat(16), "root")).rejects.toThrow(
      expect.objectContaining({ code: "token-not-found" }),
    );
  });

  test("is read once in 5 seconds, and writes nothing", async () => {
    const { services } = opened();
    const { text } = await createToken(services, { person: "ann", grants, expiresInDays: 1 }, "root");
    let reads = 0;
    const getToken: typeof services.store.getToken = (id) => {
      reads += 1;
      return services.store.getToken(id);
    };
    const createNone = () => Promise.reject(new Error("a request wrote"));
    const callers = new TokenCallers({ ...services, store: { getToken, createToken: createNone } }, sha256(FIRST));
    for (let call = 0; call < 20; call += 1) await callers.callerOf(text);
    expect(reads).toBe(1);
    clock.pass(5);
    await callers.callerOf(text);
    expect(reads).toBe(2);
  });

  test("whose row is damaged, or whose store fails, lets nobody in", async () => {
    const { services, callers } = opened(sha256(FIRST));
    const { text, token } = await createToken(services, { person: "ann", grants, expiresInDays: 1 }, "root");
    await tables.table("Tokens").transact("tokens", [{ kind: "put", row: token.tokenId, schema: 1, json: "{}" }]);
    await tables.table("Tokens").transact("tokens", [{ kind: "put", row: "a".repeat(16), schema: 1, json: "{}" }]);
    await expect(callers.callerOf(text)).rejects.toThrow(refused);
    await expect(callers.callerOf(FIRST)).rejects.toThrow(refused);
    const failing = { getToken: () => Promise.reject(new Error("the storage is gone")), createToken: async () => true };
    await expect(new TokenCallers({ ...services, store: failing }, sha256(FIRST)).callerOf(FIRST)).rejects.toThrow(
      "gone",
    );
  });
});

describe("the first administrator's token", () => {
  test("is the one of the settings; two processes at its first use record it once", async () => {
    const [one, other] = [opened(sha256(FIRST)), opened(sha256(FIRST))];
    const callers = await Promise.all([one.callers.callerOf(FIRST), other.callers.callerOf(FIRST)]);
    expect(callers).toEqual(callers.map(() => expect.objectContaining({ person: "first administrator" })));
    expect(callers[0]?.grants).toEqual([{ role: "administrator" }]);
    expect((await one.services.store.listTokens({ limit: 10 })).entries).toHaveLength(1);
  });

  test("is refused once it was revoked, although the settings still name it", async () => {
    const { callers, services } = opened(sha256(FIRST));
    await callers.callerOf(FIRST);
    await revokeToken(services, "a".repeat(16), "root");
    await expect(opened(sha256(FIRST)).callers.callerOf(FIRST)).rejects.toThrow(refused);
  });

  test("is refused when the settings name none or another, and then nothing is recorded", async () => {
    for (const hash of [null, sha256("another")]) {
      const { callers, services } = opened(hash);
      await expect(callers.callerOf(FIRST)).rejects.toThrow(refused);
      expect((await services.store.listTokens({ limit: 10 })).entries).toEqual([]);
    }
  });
});
