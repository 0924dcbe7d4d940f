import fc from "fast-check";
import { EVENT_TYPE_NAMES, type HistoryEvent } from "../../../host/durable/history.js";
import { type Columns, fromColumns, toColumns } from "../../../host/durable/store/history-rows.js";
import { instanceColumns, instanceFromRow, standIn } from "../../../host/durable/store/instance-rows.js";
import { change, changed, type Json } from "../mutate.js";
import { type Target, type Verdict, Violation } from "../target.js";

type Row = Record<string, unknown>;

const TIME = "2026-01-01T00:00:00.000Z";
/** The columns pick the fields that belong to their kind of event. */
const EVERYTHING = {
  ...{ EventId: 3, IsPlayed: false, Timestamp: TIME, FireAt: TIME, Name: "item-batch", Version: "1", Input: "{}" },
  ...{ Result: '"done"', Reason: "it failed", Details: "at once", Data: "x", OrchestrationStatus: "Completed" },
  ...{ TaskScheduledId: 1, TimerId: 2, InstanceId: "i:items", Generation: 0, GenerateNewTrace: true, Tags: { a: "b" } },
  ...{ OrchestrationInstance: { InstanceId: "i", ExecutionId: "e" }, ParentTraceContext: null, ParentInstance: null },
  ...{ FailureDetails: { ErrorType: "Error", ErrorMessage: "it failed", IsNonRetriable: false } },
};
const EVENT_ROWS: readonly Row[] = Object.keys(EVENT_TYPE_NAMES).map((type) =>
  asRead(toColumns({ ...EVERYTHING, EventType: Number(type) } as unknown as HistoryEvent, "e")),
);
const INSTANCE_ROW: Row = {
  partitionKey: "i",
  ...asRead(
    instanceColumns(
      {
        ...{
          instanceId: "i",
          executionId: "e",
          startId: "s",
          name: "item-batch",
          version: "1",
          input: null,
          output: null,
        },
        ...{
          runtimeStatus: "Running",
          customStatus: "{}",
          createdMs: 0,
          lastUpdatedMs: 1,
          completedMs: 2,
          generation: 1,
        },
        parentInstanceId: "p",
        parent: {
          Name: "planned-failover",
          Version: null,
          OrchestrationInstance: { InstanceId: "p", ExecutionId: "e" },
          TaskScheduleId: 4,
        },
      },
      "Hub",
    ),
  ),
};

/** Columns as the table returns them. */
function asRead(columns: Columns): Row {
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, typeof column === "object" ? column.value : column]),
  );
}

const corruptedRows = (row: fc.Arbitrary<Row>): fc.Arbitrary<Json> =>
  fc.tuple(row, fc.array(change, { maxLength: 3 })).map(([is, changes]) => changed(is as Json, changes));

/** Any JSON value may stand in a column. The table never returns something that is not a row. */
const asRow = (json: Json): Row => (json !== null && typeof json === "object" && !Array.isArray(json) ? json : {});

/** The result of reading a row, or undefined when it was refused with a reason. Any other error escapes. */
function readOr<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    if (error instanceof Error && error.constructor === Error && error.message !== "") return undefined;
    throw error;
  }
}

function feedEvent(json: Json): Verdict {
  const event = readOr(() => fromColumns(asRow(json)));
  if (event === undefined) return "refused";
  if (EVENT_TYPE_NAMES[event.EventType] === undefined) throw new Violation(`an event of type ${event.EventType}`);
  const again = fromColumns(asRead(toColumns(event, "e")));
  if (JSON.stringify(again) !== JSON.stringify(event))
    throw new Violation("an event that its own columns do not produce");
  return "accepted";
}

function feedInstance(json: Json): Verdict {
  const row = { ...asRow(json), partitionKey: "i" };
  const shown = standIn(row, "it can't be read");
  if (shown.runtimeStatus !== "Suspended") throw new Violation("an unreadable instance is shown as running");
  return readOr(() => instanceFromRow(row, null, null)) === undefined ? "refused" : "accepted";
}

/**
 * Rows of the task hub that another program wrote. Each is read as a complete event or instance, or refused with a
 * reason.
 */
export const HUB_ROW_TARGETS: readonly Target<Json>[] = [
  { name: "history-rows", share: 20_000, inputs: corruptedRows(fc.constantFrom(...EVENT_ROWS)), feed: feedEvent },
  { name: "instance-rows", share: 10_000, inputs: corruptedRows(fc.constant(INSTANCE_ROW)), feed: feedInstance },
];
