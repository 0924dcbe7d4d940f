import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { Given } from "./bench.js";

export function describeSteering(given: Given): void {
  test("a suspended instance holds events back until it is resumed", async () => {
    const id = await given().start("Event");
    await given().status(id, "Running");
    await given().hub.suspend(id, "lunch");
    expect(await given().status(id, "Suspended")).toMatchObject({ output: "lunch" });
    await given().raise(id, "Go", "held");
    await given().settled();
    expect((await given().hub.get(id))?.runtimeStatus).toBe("Suspended");
    await expect(given().hub.suspend(id, "again")).rejects.toMatchObject({ code: "wrong-state" });
    await given().hub.resume(id, "back");
    expect(await given().outputOf(id)).toBe("held");
  });

  test("resuming what is not suspended is refused", async () => {
    const id = await given().start("Event");
    await given().status(id, "Running");
    await expect(given().hub.resume(id, null)).rejects.toMatchObject({ code: "wrong-state" });
    await given().hub.terminate(id, null);
  });

  test("terminate ends an instance with the reason, and nothing more is accepted for it", async () => {
    const id = await given().start("Approval", { patienceMs: 3_600_000 });
    await given().status(id, "Running");
    await given().hub.terminate(id, "enough");
    expect(await given().ended(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    for (const attempt of [
      given().raise(id, "approval", 1),
      given().hub.terminate(id, null),
      given().hub.suspend(id, null),
      given().hub.resume(id, null),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: "finished" });
    }
  });

  test("restart runs the same name and input again, under a new or the same id", async () => {
    const id = await given().start("Parallel", { width: 2 });
    await given().ended(id);
    const fresh = await given().hub.restart(id, true);
    expect(fresh.instanceId).not.toBe(id);
    expect(await given().outputOf(fresh.instanceId)).toEqual([0, 1]);
    const before = await given().hub.get(id);
    const same = await given().hub.restart(id, false);
    expect(same.instanceId).toBe(id);
    expect(same.executionId).not.toBe(before?.executionId);
    expect(await given().outputOf(id)).toEqual([0, 1]);
    await expect(given().hub.restart(randomUUID(), true)).rejects.toMatchObject({ code: "not-found" });
  });

  test("a start under the id of a running instance is refused, under that of a finished one it replaces it", async () => {
    const id = await given().start("Event");
    await expect(given().start("Sequence", null, id)).rejects.toMatchObject({ code: "exists" });
    await given().raise(id, "Go", 1);
    await given().ended(id);
    await given().start("Sequence", null, id);
    expect(await given().outputOf(id)).toEqual(["a", "b", "c"]);
  });

  test("purge removes finished instances and refuses running ones", async () => {
    const id = await given().start("Event");
    await given().status(id, "Running");
    await expect(given().hub.purge(id)).rejects.toMatchObject({ code: "not-finished" });
    await given().raise(id, "Go", 1);
    await given().ended(id);
    await given().hub.purge(id);
    expect(await given().hub.get(id)).toBeUndefined();
    expect(await given().hub.history(id)).toBeUndefined();
    await expect(given().hub.purge(id)).rejects.toMatchObject({ code: "not-found" });
  });

  test("purge by filter never deletes a running instance", async () => {
    const prefix = `purge-${randomUUID()}-`;
    const running = await given().start("Event", null, `${prefix}running`);
    await given().status(running, "Running");
    for (const n of [1, 2, 3]) await given().ended(await given().start("Sequence", null, `${prefix}${n}`));
    expect(await given().hub.purgeBy({ instanceIdPrefix: prefix, runtimeStatus: ["Running"] })).toBe(0);
    expect(await given().hub.purgeBy({ instanceIdPrefix: prefix })).toBe(3);
    expect((await given().hub.get(running))?.runtimeStatus).toBe("Running");
    await given().raise(running, "Go", "still here");
    expect(await given().outputOf(running)).toBe("still here");
  });

  test("lists come in pages, by id, with filters", async () => {
    const prefix = `list-${randomUUID()}-`;
    const ids = Array.from({ length: 5 }, (_, n) => `${prefix}${n}`);
    for (const id of ids) await given().ended(await given().start("Sequence", null, id));
    await given().ended(await given().start("Throws", null, `${prefix}failed`));
    const filter = { instanceIdPrefix: prefix, runtimeStatus: ["Completed" as const] };
    const seen: string[] = [];
    let place: string | undefined;
    do {
      const page = await given().hub.list(filter, 2, place);
      expect(page.instances.length).toBeLessThanOrEqual(2);
      seen.push(...page.instances.map((state) => state.instanceId));
      place = page.continuation;
    } while (place !== undefined);
    expect(seen).toEqual(ids);
  });
}
