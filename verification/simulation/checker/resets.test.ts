import { expect, test } from "vitest";
import { EvidenceBuilder } from "./support/evidence-builder.js";
import { outcome, violatedBy } from "./support/scenarios.js";

test.each([
  ["while a reset replaces the records", [{ change: { kind: "reset" } }], []],
  ["after a reset replaced them", [{ change: { kind: "reset" } }, {}], ["I25"]],
  ["while a merge replaces them", [{ change: { kind: "merge" } }], ["I25"]],
  ["and no import is under way", [], ["I25"]],
])("an item is released as it was recorded, which its estate is not, %s", async (_, worlds, expected) => {
  const builder = await EvidenceBuilder.create();
  const { journal } = builder.evidence.store;
  const place = { table: "Worlds", partition: "worlds", generation: 1, answered: true, atMs: builder.clock.now() };
  for (const world of worlds) {
    const operations = [{ kind: "put" as const, row: "small", json: JSON.stringify(world) }];
    journal.push({ n: journal.length + 1, ...place, operations });
  }
  builder.record({ state: "unprotected" });
  builder.hold(1, "enable-replication", "enabling-replication");
  builder.execution(1, "enable-replication");
  builder.record({ state: "unprotected", heldBy: null });
  const failure = { code: "failed", message: "stopped" };
  const skipped = outcome({ outcome: "skipped", state: "unprotected" });
  builder.ended(1, "enable-replication", [skipped], { status: "failed", failure });
  builder.record({ state: "protected" });
  expect(await violatedBy(builder)).toEqual(expected);
});
