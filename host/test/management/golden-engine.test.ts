import { TableClient } from "@azure/data-tables";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { type GoldenRun, NOT_SERVED, runGoldenApp, servedInstances } from "./golden-run.js";
import { normalised, withoutDetails } from "./normalised.js";
import { type RecordedResult, type RecordedRow, recordedResults, recordedRows } from "./recordings.js";

let run: GoldenRun;

beforeAll(async () => {
  run = await runGoldenApp(inject("storage"));
});

const comparable = (value: unknown): unknown => normalised(withoutDetails(value));

/** Instances whose payloads differ on purpose, or by the order in which parallel work ends. */
const PAYLOADS_THAT_DIFFER: Readonly<Record<string, string>> = {
  "g-FanOut": "three activities end at their own times: each result may get an episode of its own",
  "g-UnknownAct": "an unknown activity fails with a clear text instead of hanging",
  "g-UnknownSub": "an unknown child fails with a clear text instead of hanging",
  "m-term": "a terminated orchestrator is not run once more to no effect",
  "m-term2": "a terminated orchestrator is not run once more to no effect",
};

describe("payloads that this host gives to orchestrators are those of the genuine host", () => {
  const instances = [...servedInstances()].filter(([instanceId]) => !(instanceId in PAYLOADS_THAT_DIFFER));

  test.each(instances)("%s", (instanceId, episodes) => {
    const payloads = run.seen.get(instanceId)?.payloads ?? [];
    expect(payloads.map(comparable)).toEqual(episodes.map((episode) => comparable(episode.payload)));
  });

  test.each(Object.keys(PAYLOADS_THAT_DIFFER))("%s begins as recorded", (instanceId) => {
    const first = run.seen.get(instanceId)?.payloads[0];
    expect(comparable(first)).toEqual(comparable(servedInstances().get(instanceId)?.[0]?.payload));
  });
});

/** Recorded statuses of instances that had not ended, by the episode after which they were read. */
const READ_AFTER_EPISODE: Readonly<Record<string, number>> = {
  CustomRunning: 1,
  EventsAfterNodata: 1,
  CaseEventAfterWrongCase: 2,
};

/** Orchestrations that end otherwise on purpose, and how. */
const ENDS_THAT_DIFFER: Readonly<Record<string, RegExp>> = {
  UnknownAct: /^"caught Activity function 'NoSuchActivity' failed: .*doesn't exist/,
  UnknownSub: /^"caught .*'NoSuchOrch' doesn't exist/,
  RetryTimeout: /retryTimeout/i,
};

describe("orchestrations of the golden app end as on the genuine host", () => {
  const served = Object.entries(recordedResults()).filter(([, { name }]) => !NOT_SERVED.has(name));

  function statusOf(label: string, result: RecordedResult): Record<string, unknown> {
    const statuses = run.seen.get(result.instanceId)?.statuses ?? [];
    const episode = READ_AFTER_EPISODE[label];
    return (episode === undefined ? statuses.at(-1) : statuses[episode - 1]) as Record<string, unknown>;
  }

  test.each(served.filter(([label]) => !(label in ENDS_THAT_DIFFER)))("%s", (label, result) => {
    expect(comparable(statusOf(label, result))).toEqual(comparable(result));
  });

  test.each(Object.entries(ENDS_THAT_DIFFER))("%s ends, with a text that says why", (label, text) => {
    const result = recordedResults()[label] as RecordedResult;
    expect(result.runtimeStatus).toBe("Running");
    const status = statusOf(label, result);
    expect(JSON.stringify(status["output"])).toMatch(text);
  });
});

/** Columns that only this host has: what it needs to go on after a crash. */
const OWN_COLUMNS: Readonly<Record<string, ReadonlySet<string>>> = {
  Instances: new Set(["StartId", "Parent"]),
  History: new Set(["StartId", "TaskInput", "InboxThrough", "CustomStatus", "CommitId"]),
};

/** Instances whose histories end otherwise. */
const ROWS_THAT_DIFFER = new Set([...Object.keys(PAYLOADS_THAT_DIFFER), "g-RetryTimeout"]);

describe("rows of this host have the columns and types of the genuine host", () => {
  const ours = new Map<string, Record<string, string>>();

  beforeAll(async () => {
    for (const table of ["Instances", "History"]) {
      const client = TableClient.fromConnectionString(inject("storage"), `${run.hubName}${table}`, {
        allowInsecureConnection: true,
      });
      const rows = client.listEntities<Record<string, unknown>>({ disableTypeConversion: true });
      for await (const row of rows) ours.set(`${table}/${row.partitionKey}/${row.rowKey}`, typesOf(row));
    }
  });

  const recorded = recordedRows().filter(
    ({ PartitionKey }) => servedInstances().has(PartitionKey) && !ROWS_THAT_DIFFER.has(PartitionKey),
  );

  test("all kinds of rows are among the recorded ones that are compared", () => {
    const kinds = new Set(
      recorded.map((row) => row["EventType"] ?? (row.RowKey === "sentinel" ? "sentinel" : row.table)),
    );
    expect(kinds.size).toBeGreaterThanOrEqual(15);
  });

  test.each(recorded.map((row) => [`${row.table}/${row.PartitionKey}/${row.RowKey}`, row] as const))(
    "%s",
    (key, row) => {
      expect(withoutOwn(row.table, ours.get(key) ?? {})).toEqual(recordedTypes(row));
    },
  );

  function withoutOwn(table: string, types: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(types).filter(([column]) => !OWN_COLUMNS[table]?.has(column)));
  }
});

const KEYS_AND_MARKS = new Set([
  "table",
  "PartitionKey",
  "RowKey",
  "partitionKey",
  "rowKey",
  "etag",
  "timestamp",
  "Timestamp",
]);

/** Edm type of each column as the SDK hands it over unconverted. */
function typesOf(row: Record<string, unknown>): Record<string, string> {
  const columns = Object.entries(row).filter(([name]) => !KEYS_AND_MARKS.has(name) && !name.includes("odata"));
  return Object.fromEntries(columns.map(([name, value]) => [name, (value as { type: string }).type]));
}

/** Edm type of each column as recorded: told beside the value where JSON alone does not show it. */
function recordedTypes(row: RecordedRow): Record<string, string> {
  const columns = Object.entries(row).filter(([name]) => !KEYS_AND_MARKS.has(name) && !name.includes("@odata"));
  const plain: Record<string, string> = { number: "Int32", boolean: "Boolean", string: "String" };
  return Object.fromEntries(
    columns.map(([name, value]) => {
      const told = row[`${name}@odata.type`];
      return [name, typeof told === "string" ? told.replace("Edm.", "") : (plain[typeof value] ?? "?")];
    }),
  );
}
