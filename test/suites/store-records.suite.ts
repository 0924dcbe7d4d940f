import { beforeEach, describe, expect, test } from "vitest";
import { type Execution, ExecutionOptions, type StepRecord } from "../../src/domain/execution.js";
import type { Store } from "../../src/store/port.js";
import { createStore } from "../../src/store/store.js";
import type { Tables } from "../../src/store/tables/port.js";
import { smallPlan } from "../support/worlds.js";

const AT = "2026-03-02T09:00:00.000Z";
const LATER = "2026-03-02T09:00:05.000Z";
const FIRST = "11111111-1111-8111-8111-111111111111";
const SECOND = "22222222-2222-8222-8222-222222222222";

const code = (name: string) => expect.objectContaining({ code: name });

function execution(executionId: string, requestedAt = AT, itemIds = ["item-1"]): Execution {
  return {
    executionId,
    idempotencyKey: `key of ${executionId}`,
    worldId: "small",
    subject: { kind: "item", itemId: "item-1" },
    verb: "planned-failover",
    direction: "primary-to-recovery",
    planHash: null,
    itemIds,
    options: ExecutionOptions.parse({}),
    requestedBy: "tester",
    requestedAt,
    status: "running",
  };
}

const numbersUpTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const steps = (part: string): StepRecord => ({ part, steps: [{ id: part, title: "Step", status: "succeeded" }] });

/** What every store must do with executions, whatever tables it stands on. */
export function storeRecordsSuite(name: string, open: () => Tables): void {
  describe(`executions on ${name}`, () => {
    let tables: Tables;
    let store: Store;

    beforeEach(() => {
      tables = open();
      store = createStore(tables);
    });

    describe("executions", () => {
      test("an execution that is created 20 times concurrently exists once", async () => {
        const results = await Promise.all(numbersUpTo(20).map(() => store.createExecution(execution(FIRST))));
        expect(results.filter(({ created }) => created)).toHaveLength(1);
        expect((await store.listExecutions({ limit: 100 })).entries).toEqual([execution(FIRST)]);
      });

      test("the first execution of an id stays", async () => {
        await store.createExecution(execution(FIRST));
        const later = { ...execution(FIRST), requestedBy: "somebody else" };
        expect(await store.createExecution(later)).toEqual({ execution: execution(FIRST), created: false });
      });

      test("executions are listed newest first, page by page", async () => {
        const ids = numbersUpTo(5).map((number) => `${number}0000000-1111-8111-8111-111111111111`);
        for (const [index, id] of ids.entries()) {
          await store.createExecution(execution(id, `2026-03-0${index + 1}T09:00:00.000Z`));
        }
        const first = await store.listExecutions({ limit: 3 });
        const second = await store.listExecutions({ limit: 3, cursor: first.cursor ?? "" });
        const listed = [...first.entries, ...second.entries].map(({ executionId }) => executionId);
        expect(listed).toEqual(ids.toReversed());
        expect(second.cursor).toBeUndefined();
      });

      test("an update needs the current ETag", async () => {
        await store.createExecution(execution(FIRST));
        const read = await store.getExecution(FIRST);
        await store.updateExecution({ ...execution(FIRST), status: "paused" }, read?.etag ?? "");
        const stale = store.updateExecution({ ...execution(FIRST), status: "awaiting-input" }, read?.etag ?? "");
        await expect(stale).rejects.toEqual(code("etag-mismatch"));
        expect((await store.getExecution(FIRST))?.value.status).toBe("paused");
      });

      test("a reader sees what another process wrote since its last read", async () => {
        const other = createStore(tables);
        await store.createExecution(execution(FIRST));
        const titleOf = async (reader: Store) => (await reader.getSteps(FIRST))[0]?.steps[0]?.title;
        for (const title of ["Once", "Again", "Finally"]) {
          await other.putSteps(FIRST, [{ part: "p", steps: [{ id: "s", title, status: "succeeded" }] }]);
          expect(await titleOf(store)).toBe(title);
          const known = await other.getExecution(FIRST);
          await other.updateExecution({ ...execution(FIRST), requestedBy: title }, known?.etag ?? "");
          expect((await store.getExecution(FIRST))?.value.requestedBy).toBe(title);
          const seen = await other.getPlan("plan");
          await other.putPlan(
            smallPlan(["item-1"], { name: title }),
            title,
            { at: AT, by: "planner" },
            seen?.etag ?? null,
          );
          expect((await store.getPlan("plan"))?.value.plan.name).toBe(title);
        }
      });

      test("an entry that was written again since it was read keeps its execution unsettled", async () => {
        await store.createExecution(execution(FIRST));
        const [seen] = await store.listUnsettled();
        await store.watchExecution(FIRST, LATER);
        if (seen) await store.settleExecution(seen);
        const [kept] = await store.listUnsettled();
        expect(kept?.value).toEqual({ executionId: FIRST, since: LATER });
        if (kept) await store.settleExecution(kept);
        expect(await store.listUnsettled()).toEqual([]);
      });

      test("a record that is written for the sweep gives its entry another ETag, and changes nothing else of it", async () => {
        const { execution: created } = await store.createExecution(execution(FIRST));
        const record = await store.getExecution(FIRST);
        const [seen] = await store.listUnsettled();
        await store.updateWatched(created, record?.etag ?? "");
        const [announced] = await store.listUnsettled();
        expect(announced?.value).toEqual(seen?.value);
        expect(announced?.etag).not.toBe(seen?.etag);
        await expect(store.updateWatched(created, record?.etag ?? "")).rejects.toThrow("etag-mismatch");
      });

      test("steps are stored by part, and a repeated write replaces a part", async () => {
        await store.createExecution(execution(FIRST));
        await store.putSteps(FIRST, [steps("groups/web/items/web-01"), steps("shutdown")]);
        await store.putSteps(FIRST, [{ part: "shutdown", steps: [{ id: "s", title: "Again", status: "failed" }] }]);
        const kept = await store.getSteps(FIRST);
        const again = { part: "shutdown", steps: [{ id: "s", title: "Again", status: "failed" }] };
        expect(kept).toEqual([steps("groups/web/items/web-01"), again]);
        expect(await store.getSteps(SECOND)).toEqual([]);
      });

      test("steps that are read, written again and read again are the new ones, also in another process", async () => {
        const part = (title: string) => [{ part: "shutdown", steps: [{ id: "s", title, status: "failed" as const }] }];
        const elsewhere = createStore(tables);
        await store.createExecution(execution(FIRST));
        for (const title of ["First", "Second", "Third"]) {
          await (title === "Second" ? elsewhere : store).putSteps(FIRST, part(title));
          expect(await store.getSteps(FIRST)).toEqual(part(title));
          expect(await elsewhere.getSteps(FIRST)).toEqual(part(title));
        }
      });
    });
  });
}
