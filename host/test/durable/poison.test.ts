import { type TableClient, TableServiceClient } from "@azure/data-tables";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { systemClock } from "../../clock.js";
import { openTable, TableHistoryStore } from "../../durable/store/table-store.js";
import { silentLogger } from "../../logger.js";
import { Bench, loadConformanceApp, type Stage } from "../conformance/bench.js";

let bench: Bench;
let hubName: string;

const stage: Stage = {
  label: "tables",
  virtual: false,
  replay: "normal",
  manyEvents: 0,
  openStore: (name) => {
    hubName = name;
    return new TableHistoryStore({
      connectionString: inject("storage"),
      hubName,
      clock: systemClock,
      logger: silentLogger,
    });
  },
};

const table = (suffix: string): TableClient => openTable(inject("storage"), `${hubName}${suffix}`);

beforeEach(async () => {
  bench = await Bench.open(stage, await loadConformanceApp());
});
afterEach(async () => {
  await bench.close();
  const service = TableServiceClient.fromConnectionString(inject("storage"), { allowInsecureConnection: true });
  await Promise.all(["Instances", "History", "Inbox"].map((suffix) => service.deleteTable(`${hubName}${suffix}`)));
});

/** Spoils one row of an instance, and gives back how it is mended. */
interface Damage {
  what: string;
  /** What the reason names. */
  named: RegExp;
  spoil(id: string): Promise<() => Promise<unknown>>;
}

/** Changes columns of a row; mending puts back what was there. */
const spoilt =
  (suffix: string, rowKey: string, columns: Record<string, string>): Damage["spoil"] =>
  async (id) => {
    const before = await table(suffix).getEntity(id, rowKey);
    await table(suffix).updateEntity({ partitionKey: id, rowKey, ...columns }, "Merge");
    return () => table(suffix).updateEntity({ ...before, partitionKey: id, rowKey }, "Replace");
  };

/** Takes a row away; mending puts it back. */
const removed =
  (suffix: string, rowKey: string): Damage["spoil"] =>
  async (id) => {
    const before = await table(suffix).getEntity(id, rowKey);
    await table(suffix).deleteEntity(id, rowKey);
    return () => table(suffix).createEntity({ ...before, partitionKey: id, rowKey });
  };

const FIRST = "0000000000000001";
const DAMAGES: readonly Damage[] = [
  {
    what: "a history row of an unknown kind",
    named: new RegExp(`row '${FIRST}' of 'bad' in table \\w+History can't be read: the event type`),
    spoil: spoilt("History", FIRST, { EventType: "FromTheFuture" }),
  },
  {
    what: "a history row that is gone",
    named: new RegExp(`row '${FIRST}' of 'bad' in table \\w+History can't be read: it is missing`),
    spoil: removed("History", FIRST),
  },
  {
    what: "a history without its sentinel",
    named: /row 'sentinel' of 'bad' in table \w+History can't be read: it is missing/,
    spoil: removed("History", "sentinel"),
  },
  {
    what: "an instance row with a status that nobody knows",
    named: /the row of 'bad' in table \w+Instances can't be read: the status 'Nonsense' is unknown/,
    spoil: spoilt("Instances", "", { RuntimeStatus: "Nonsense" }),
  },
  {
    what: "an instance row with half a parent",
    named: /the row of 'bad' in table \w+Instances can't be read: .*JSON/,
    spoil: async (id) => {
      const before = await table("Instances").getEntity(id, "");
      await table("Instances").updateEntity({ partitionKey: id, rowKey: "", Parent: '{"Name' }, "Merge");
      return () => table("Instances").updateEntity({ ...before, partitionKey: id, rowKey: "" }, "Replace");
    },
  },
  {
    what: "a message that is no event",
    named: /row '0001' of 'bad' in table \w+Inbox can't be read: .*JSON/,
    spoil: async (id) => {
      await table("Inbox").createEntity({ partitionKey: id, rowKey: "0001", Event: "{" });
      return () => table("Inbox").deleteEntity(id, "0001");
    },
  },
];

describe.each(DAMAGES)("$what", ({ named, spoil }) => {
  let mend: () => Promise<unknown>;

  beforeEach(async () => {
    for (const id of ["bad", "good"]) {
      await bench.start("Event", undefined, id);
      await bench.status(id, "Running");
    }
    await bench.hub.close();
    mend = await spoil("bad");
    await bench.reopen();
  });

  test("blocks its own instance, which names the row; the others continue", async () => {
    await bench.raise("good", "Go", 1);
    expect(await bench.outputOf("good")).toBe(1);
    const bad = await bench.status("bad", "Suspended");
    expect(bad.output).toMatch(named);
    const { instances } = await bench.hub.list({}, 10);
    expect(instances.find(({ instanceId }) => instanceId === "bad")).toMatchObject({
      runtimeStatus: "Suspended",
      output: bad.output,
    });
    const errors = bench.lines.filter(({ level }) => level === "error");
    expect(errors).toEqual([expect.objectContaining({ instanceId: "bad", message: expect.stringMatching(named) })]);
  });

  test("can be repaired and the instance resumed without a restart; events that arrived meanwhile are kept", async () => {
    await bench.status("bad", "Suspended");
    await bench.raise("bad", "Go", 2);
    await expect(bench.hub.resume("bad", null)).rejects.toThrow(named);
    await mend();
    await bench.hub.resume("bad", null);
    expect(await bench.outputOf("bad")).toBe(2);
  });

  test("can be removed: terminated, then purged", async () => {
    await bench.hub.terminate("bad", "damaged");
    expect(await bench.ended("bad")).toMatchObject({ runtimeStatus: "Terminated", output: "damaged" });
    await bench.hub.purge("bad");
    expect(await bench.hub.get("bad")).toBeUndefined();
    await bench.reopen();
    expect(await bench.hub.get("bad")).toBeUndefined();
  });
});

test("a parent is notified of a blocked child that was terminated", async () => {
  await bench.start("Adopt", { childId: "bad" }, "parent");
  await bench.status("bad", "Running");
  await bench.hub.close();
  await table("History").deleteEntity("bad", FIRST);
  await bench.reopen();
  await bench.hub.terminate("bad", "damaged");
  expect(JSON.stringify(await bench.outputOf("parent"))).toContain("damaged");
});

test("an episode that cannot be written is tried five times, then its instance is blocked", async () => {
  await bench.close();
  bench = await Bench.open({ ...stage, virtual: true }, await loadConformanceApp());
  await bench.start("Event", undefined, "bad");
  await bench.status("bad", "Running");
  await table("History").deleteTable();
  await bench.raise("bad", "Go", 1);
  expect((await bench.status("bad", "Suspended")).output).toMatch(
    /could not be written.*table specified does not exist/,
  );
  expect(bench.lines.filter(({ message }) => message.startsWith("The durable engine failed"))).toHaveLength(5);
  await table("History").createTable();
});
