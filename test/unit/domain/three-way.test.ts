import fc from "fast-check";
import { expect, test } from "vitest";
import { withChanges } from "../../../src/domain/worlds/three-way.js";

const servers = (...ids: string[]) => ids.map((id) => ({ id, port: 443 }));

test("what the file changed is applied, and what changed since stays", () => {
  const base = { name: "Home", size: "D4", quota: { cores: 4, used: 1 } };
  const next = { name: "New home", size: "D4", quota: { cores: 8, used: 1 } };
  const live = { name: "Home", size: "D8", quota: { cores: 4, used: 3 }, deployed: true };
  expect(withChanges<object>(base, next, live)).toEqual({
    name: "New home",
    size: "D8",
    quota: { cores: 8, used: 3 },
    deployed: true,
  });
});

test("entries are added to and taken from a list by their ids, and those that appeared since stay", () => {
  const live = [...servers("a", "b"), { id: "deployed", port: 9_443 }];
  const changed = withChanges(servers("a", "b"), [{ id: "a", port: 80 }, ...servers("c")], live);
  expect(changed).toEqual([{ id: "a", port: 80 }, ...servers("c"), { id: "deployed", port: 9_443 }]);
});

test("a field that the file took away is gone", () => {
  expect(withChanges<object>({ a: 1, b: 2 }, { a: 1 }, { a: 1, b: 2 })).toEqual({ a: 1 });
});

test("a change that is applied twice is applied once, and one that changes nothing leaves everything", () => {
  const anyWorld = fc.dictionary(
    fc.constantFrom("a", "b", "c"),
    fc.oneof(
      fc.integer({ max: 3 }),
      fc.uniqueArray(fc.record({ id: fc.constantFrom("x", "y"), n: fc.nat(2) }), { selector: ({ id }) => id }),
    ),
  );
  fc.assert(
    fc.property(anyWorld, anyWorld, anyWorld, (base, next, live) => {
      const once = withChanges(base, next, live);
      expect(withChanges(base, next, once)).toEqual(once);
      expect(withChanges(base, base, live)).toEqual(live);
      expect(withChanges(base, next, base)).toEqual(next);
    }),
  );
});
