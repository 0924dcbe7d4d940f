import {
  odata,
  RestError,
  TableClient,
  type TableEntity,
  type TableEntityResult,
  type TransactionAction,
} from "@azure/data-tables";
import { RecoveryError } from "../../domain/errors.js";
import { batchWrites } from "./batched-writes.js";
import {
  MAX_ROW_CHARACTERS,
  PIECE_CHARACTERS,
  type Row,
  type RowOperation,
  type RowPage,
  type RowRange,
  type Table,
  TableConflict,
  type Tables,
} from "./port.js";

type Entity = TableEntity<Record<string, unknown>>;
type Stored = TableEntityResult<Record<string, unknown>>;
type Write = Exclude<RowOperation, { kind: "delete" }>;

/**
 * Tables of a storage account or of Azurite.
 * @param prefix of every table name: letters and digits, starting with a letter
 */
export function createAzureTables(connectionString: string, prefix: string): Tables {
  return {
    table: (name) => {
      const allowInsecureConnection = /http:\/\/|UseDevelopmentStorage=true/i.test(connectionString);
      return batchWrites(
        createTable(
          TableClient.fromConnectionString(connectionString, `${prefix}${name}`, { allowInsecureConnection }),
        ),
      );
    },
  };
}

function createTable(client: TableClient): Table {
  return {
    get: async (partition, row) => {
      try {
        return rowOf(await client.getEntity<Record<string, unknown>>(partition, row));
      } catch (error) {
        if (isRestError(error) && error.statusCode === 404) return null;
        throw error;
      }
    },
    list: (partition, range) => listRows(client, partition, range),
    transact: async (partition, operations) => {
      try {
        return await write(client, partition, operations);
      } catch (error) {
        if (!isTableMissing(error)) throw conflictOf(error, operations);
      }
      await client.createTable();
      return write(client, partition, operations).catch((error: unknown) => {
        throw conflictOf(error, operations);
      });
    },
  };
}

const isRestError = (error: unknown): error is RestError => error instanceof RestError;

/** The error code of the service. Single calls and transactions have it in different places. */
function serviceCode(error: RestError): string {
  const details = error.details as { odataError?: { code?: string } } | undefined;
  return details?.odataError?.code ?? error.code ?? "";
}

const isTableMissing = (error: unknown): boolean => isRestError(error) && serviceCode(error) === "TableNotFound";

/** The message of a failed transaction starts with the index of the operation that failed. */
function failedRow(error: RestError, operations: readonly RowOperation[]): string {
  const index = Number.parseInt(error.message, 10);
  return operations[Number.isNaN(index) ? 0 : index]?.row ?? "";
}

function conflictOf(error: unknown, operations: readonly RowOperation[]): unknown {
  if (!isRestError(error)) return error;
  if (error.statusCode === 409) return new TableConflict("exists", failedRow(error, operations));
  if (error.statusCode === 412) return new TableConflict("changed", failedRow(error, operations));
  if (error.statusCode === 404) return new TableConflict("missing", failedRow(error, operations));
  return error;
}

function entityOf(partitionKey: string, { row, schema, json }: Write): Entity {
  if (json.length > MAX_ROW_CHARACTERS) {
    throw new RecoveryError("value-too-large", `row ${partitionKey}/${row} has ${json.length} characters`);
  }
  const entity: Entity = { partitionKey, rowKey: row, schema };
  for (let piece = 0; piece * PIECE_CHARACTERS < json.length; piece += 1) {
    entity[`json${piece}`] = json.slice(piece * PIECE_CHARACTERS, (piece + 1) * PIECE_CHARACTERS);
  }
  return entity;
}

/** A stored row. If its schema is missing it gets schema 0, which no codec reads. */
function rowOf(stored: Stored): Row {
  let json = "";
  for (let piece = 0; typeof stored[`json${piece}`] === "string"; piece += 1) json += stored[`json${piece}`];
  return {
    partition: String(stored["partitionKey"]),
    row: String(stored["rowKey"]),
    etag: stored.etag,
    schema: typeof stored["schema"] === "number" ? stored["schema"] : 0,
    json,
  };
}

async function write(client: TableClient, partition: string, operations: readonly RowOperation[]): Promise<string[]> {
  const [only] = operations;
  if (only === undefined) return [];
  if (operations.length === 1) return [await writeOne(client, partition, only)];
  const response = await client.submitTransaction(operations.map((operation) => actionOf(partition, operation)));
  return response.subResponses.map(({ etag }) => etag?.trim() ?? "");
}

/** A single write does not use a transaction, which costs three times as much. */
async function writeOne(client: TableClient, partition: string, operation: RowOperation): Promise<string> {
  if (operation.kind === "delete") {
    await client.deleteEntity(partition, operation.row, { etag: operation.etag ?? "*" });
    return "";
  }
  const entity = entityOf(partition, operation);
  const { etag } =
    operation.kind === "insert"
      ? await client.createEntity(entity)
      : operation.kind === "put"
        ? await client.upsertEntity(entity, "Replace")
        : await client.updateEntity(entity, "Replace", { etag: operation.etag });
  return etag ?? "";
}

function actionOf(partition: string, operation: RowOperation): TransactionAction {
  if (operation.kind === "delete") return ["delete", { partitionKey: partition, rowKey: operation.row }];
  const entity = entityOf(partition, operation);
  if (operation.kind === "insert") return ["create", entity];
  if (operation.kind === "put") return ["upsert", entity, "Replace"];
  return ["update", entity, "Replace", { etag: operation.etag }];
}

/** The service returns at most 1,000 entities in a page. */
const MAX_PAGE = 1_000;

async function listRows(client: TableClient, partition: string, { from, before, limit }: RowRange): Promise<RowPage> {
  const filter = [
    odata`PartitionKey eq ${partition}`,
    ...(from === undefined ? [] : [odata`RowKey ge ${from}`]),
    ...(before === undefined ? [] : [odata`RowKey lt ${before}`]),
  ].join(" and ");
  const pages = client
    .listEntities<Record<string, unknown>>({ queryOptions: { filter } })
    .byPage({ maxPageSize: Math.min(limit + 1, MAX_PAGE) });
  const rows: Row[] = [];
  try {
    for await (const page of pages) {
      rows.push(...page.map(rowOf));
      if (rows.length > limit) break;
    }
  } catch (error) {
    if (!isTableMissing(error)) throw error;
  }
  return { rows: rows.slice(0, limit), more: rows.length > limit };
}
