import { TableClient } from "@azure/data-tables";
import type { Execution } from "../../src/domain/execution.js";
import type { ItemRecord } from "../../src/domain/items/item-record.js";
import type { EmulatedItem, EmulatedSite, Entry } from "../../src/hypervisor/emulator/state.js";

/** The columns of an instance's row that the checks need. */
export interface HubInstance {
  instanceId: string;
  status: string;
}

/** The content of the storage, read from Azurite and not from the product. */
export interface Truth {
  /** Items and sites of the emulated world. */
  items: Map<string, EmulatedItem>;
  ledger: Entry[];
  records: Map<string, ItemRecord>;
  executions: Map<string, Execution>;
  /** The stored steps of each execution, as text. */
  steps: Map<string, string>;
  instances: HubInstance[];
}

type Entity = Record<string, unknown>;

/** Reads one world and everything that happened to it. */
export async function readTruth(connectionString: string, prefix: string, worldId: string): Promise<Truth> {
  const rowsOf = (name: string): Promise<Entity[]> => allRows(connectionString, `${prefix}${name}`);
  const [estate, records, executions, instances] = await Promise.all([
    rowsOf("Estate"),
    rowsOf("Items"),
    rowsOf("Executions"),
    rowsOf("HubInstances"),
  ]);
  const mine = estate.filter(({ partitionKey }) => String(partitionKey).startsWith(`${worldId}:`));
  const subjects = mine
    .filter(({ rowKey }) => String(rowKey).startsWith("state:"))
    .map((row) => parseRow(row) as EmulatedItem | EmulatedSite);
  const pages = mine
    .filter(({ rowKey }) => String(rowKey).startsWith("ledger:"))
    .flatMap((row) => parseRow(row) as Entry[]);
  const steps = new Map<string, string>();
  for (const row of executions.filter(({ rowKey }) => String(rowKey).startsWith("steps."))) {
    const id = String(row["partitionKey"]);
    steps.set(id, (steps.get(id) ?? "") + textOf(row));
  }
  return {
    items: new Map(subjects.flatMap((one) => (one.kind === "item" ? [[one.id, one]] : []))),
    ledger: [...pages, ...subjects.flatMap(({ ledger }) => ledger)],
    records: new Map(
      records
        .filter(({ partitionKey }) => partitionKey === worldId)
        .map((row) => [String(row["rowKey"]), parseRow(row) as ItemRecord]),
    ),
    executions: new Map(
      executions
        .filter(({ rowKey }) => rowKey === "record")
        .map((row) => [String(row["partitionKey"]), parseRow(row) as Execution]),
    ),
    steps,
    instances: instances.map((row) => ({
      instanceId: String(row["partitionKey"]),
      status: String(row["RuntimeStatus"]),
    })),
  };
}

export async function allRows(connectionString: string, table: string): Promise<Entity[]> {
  const client = TableClient.fromConnectionString(connectionString, table, { allowInsecureConnection: true });
  const rows: Entity[] = [];
  for await (const row of client.listEntities<Entity>()) rows.push(row);
  return rows;
}

/** The JSON of a row, which is stored in several columns. */
function textOf(row: Entity): string {
  let text = "";
  for (let piece = 0; typeof row[`json${piece}`] === "string"; piece += 1) text += String(row[`json${piece}`]);
  return text;
}

const parseRow = (row: Entity): unknown => JSON.parse(textOf(row)) as unknown;
