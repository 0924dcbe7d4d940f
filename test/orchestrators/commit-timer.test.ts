import { describe, expect } from "vitest";
import { cancelCommitTimer, END_COMMIT_TIMER, extendCommitTimer } from "../../src/commands/commit-timer.js";
import type { CommitTimer } from "../../src/domain/commit-timer/commit-timer.js";
import { RecoveryError } from "../../src/domain/errors.js";
import type { ExecutionEventKind } from "../../src/domain/notifications/event.js";
import { toInstant, toMs } from "../../src/domain/text.js";
import { approvalAwaited, decideAs, TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { testInBothReplays } from "../support/both-replays.js";
import { estateOf, REPROTECT } from "../support/estates.js";
import { Receiver } from "../support/receiver.js";
import type { VirtualApp } from "../support/virtual-app.js";

const MINUTE = 60_000;

/** A failover of the shop whose plan has a commit timer. */
async function failedOver(app: VirtualApp, timer: Partial<CommitTimer>): Promise<string> {
  const commitTimer = { afterMinutes: 60, onExpiry: "commit" as const, warnMinutesBefore: [], ...timer };
  await app.changePlan((plan) => ({ ...plan, commitTimer }));
  const { execution } = await app.run("planned-failover");
  return execution.executionId;
}

async function timerOf({ context }: VirtualApp, executionId: string) {
  const found = await context.store.getExecution(executionId);
  if (found === null || !("outcomes" in found.value)) throw new Error("it has not ended");
  return found.value.commitTimer;
}

/** Lets the timer and what it starts come to their ends. */
async function settled(app: VirtualApp, executionId: string) {
  await app.completed(executionId);
  const timer = await timerOf(app, executionId);
  if (timer?.end?.kind === "started") await app.ended(timer.end.executionId);
  return timer;
}

describe("the end of a commit timer", () => {
  testInBothReplays("commits what nobody decided about, as the timer of that execution", async (app) => {
    const id = await failedOver(app, {});
    await app.pass(59 * MINUTE);
    expect(await app.states()).toEqual(["failed-over"]);
    const timer = await settled(app, id);
    expect(timer).toMatchObject({ decided: { verb: "commit" }, end: { kind: "started", verb: "commit" } });
    expect(await app.states()).toEqual(["committed"]);
    const started = timer?.end?.kind === "started" ? timer.end.executionId : "";
    const record = await app.context.store.getExecution(started);
    expect(record?.value).toMatchObject({ requestedBy: `commit timer of execution ${id}`, status: "succeeded" });
  });

  testInBothReplays("rolls back", async (app) => {
    const id = await failedOver(app, { onExpiry: "roll-back" });
    expect(await settled(app, id)).toMatchObject({ end: { kind: "started", verb: "cancel-failover" } });
    expect(await app.states()).toEqual(["protected"]);
  });

  testInBothReplays("commits when every machine answers its probes", async (app) => {
    const id = await failedOver(app, { onExpiry: "probes", probes: [heartbeat] });
    expect(await settled(app, id)).toMatchObject({ end: { kind: "started", verb: "commit" } });
    expect(await app.states()).toEqual(["committed"]);
  });

  testInBothReplays("rolls back when a machine does not answer, and says which", async (app) => {
    const probes = [{ kind: "tcp", port: 4_444, timeLimitSeconds: 60, everySeconds: 15 } as const];
    const id = await failedOver(app, { onExpiry: "probes", probes });
    const timer = await settled(app, id);
    expect(timer).toMatchObject({ end: { kind: "started", verb: "cancel-failover" } });
    expect(timer?.decided?.because).toContain("port 4444 does not answer");
    expect(await app.states()).toEqual(["protected"]);
  });

  testInBothReplays("does nothing when it may not start, and says why", async (app) => {
    const id = await failedOver(app, {});
    await app.changePlan((plan) => ({ ...plan, groups: plan.groups.slice(0, 1) }));
    const timer = await settled(app, id);
    expect(timer?.end).toMatchObject({ kind: "refused", verb: "commit" });
    expect(await app.states()).toEqual(["failed-over"]);
  });
});

describe("what a commit timer tells", () => {
  testInBothReplays("it warns before its end, again after an extension, and says how it ended", async (app) => {
    const receiver = await Receiver.listen(undefined, () => app.clock.now());
    try {
      const notifications = [{ url: receiver.url, on: ["awaiting-input", "progress"] as ExecutionEventKind[] }];
      await app.changePlan((plan) => ({ ...plan, notifications }));
      const id = await failedOver(app, { warnMinutesBefore: [10] });
      const { until = "" } = (await timerOf(app, id)) ?? {};
      await app.pass(55 * MINUTE);
      const later = toInstant(toMs(until) + 30 * MINUTE);
      await extendCommitTimer(app.context, id, { by: "ada", reason: undefined, until: later });
      await app.completed(id);
      const told = receiver.received.flatMap(({ atMs, body: { awaits } }) => {
        const timer = awaits as { kind?: string; until?: string } | undefined;
        return timer?.kind === "commit-timer" ? [[timer.until, Math.round((atMs - toMs(until)) / MINUTE)]] : [];
      });
      expect(told).toEqual([
        [until, -60],
        [until, -10],
        [later, -5],
        [later, 20],
      ]);
      const ends = receiver.received.flatMap(({ body: { commitTimer } }) => commitTimer ?? []);
      expect(ends).toMatchObject([{ kind: "started", verb: "commit" }]);
    } finally {
      receiver.close();
    }
  });
});

const heartbeat = { kind: "heartbeat", timeLimitSeconds: 60, everySeconds: 15 } as const;

describe("people and a commit timer", () => {
  testInBothReplays("who cancels it keeps the failover waiting for a person", async (app) => {
    const id = await failedOver(app, { onExpiry: "roll-back" });
    await cancelCommitTimer(app.context, id, { by: "ada", reason: "still testing" });
    await cancelCommitTimer(app.context, id, { by: "ada", reason: "still testing" });
    await app.completed(id);
    await app.pass(120 * MINUTE);
    expect((await timerOf(app, id))?.end).toMatchObject({ kind: "cancelled", by: "ada", reason: "still testing" });
    expect(await app.states()).toEqual(["failed-over"]);
    await expect(
      extendCommitTimer(app.context, id, { by: "ada", reason: undefined, until: toInstant(app.clock.now() + MINUTE) }),
    ).rejects.toMatchObject({ code: "decided-already" });
  });

  testInBothReplays("a cancel counts even if its event is lost", async (app) => {
    const id = await failedOver(app, { onExpiry: "roll-back" });
    const { orchestrations } = app.context;
    const deaf = { ...app.context, orchestrations: { ...orchestrations, raise: () => Promise.resolve() } };
    await cancelCommitTimer(deaf, id, { by: "ada", reason: undefined });
    await app.completed(id);
    expect((await timerOf(app, id))?.end).toMatchObject({ kind: "cancelled" });
    expect(await app.states()).toEqual(["failed-over"]);
  });

  testInBothReplays("who extends it moves its end, once", async (app) => {
    const id = await failedOver(app, {});
    const { until = "" } = (await timerOf(app, id)) ?? {};
    const later = { by: "ada", reason: "one more test", until: toInstant(toMs(until) + 30 * MINUTE) };
    await extendCommitTimer(app.context, id, later);
    await extendCommitTimer(app.context, id, later);
    await app.pass(75 * MINUTE);
    expect(await app.states()).toEqual(["failed-over"]);
    expect(await settled(app, id)).toMatchObject({ extensions: [{ by: "ada", until: later.until }] });
    expect(await app.states()).toEqual(["committed"]);
  });

  testInBothReplays("an earlier end, or one after thirty days, is refused", async (app) => {
    const id = await failedOver(app, {});
    const now = app.clock.now();
    for (const ms of [now, now + 31 * 24 * 60 * MINUTE]) {
      await expect(
        extendCommitTimer(app.context, id, { by: "ada", reason: undefined, until: toInstant(ms) }),
      ).rejects.toMatchObject({ code: "invalid-input" });
    }
  });

  testInBothReplays("who commits first is in charge, also of a part of the items", async (app) => {
    const id = await failedOver(app, { onExpiry: "roll-back" });
    await app.run("commit", { only: ["web-1"] });
    const timer = await settled(app, id);
    expect(timer?.end).toMatchObject({ kind: "taken-over", because: expect.stringContaining("web-1") });
    expect(await app.states()).toEqual(["committed", "failed-over"]);
  });

  testInBothReplays("who chooses another recovery point is in charge", async (app) => {
    const id = await failedOver(app, { onExpiry: "roll-back" });
    await app.run("change-recovery-point", { recoveryPoint: { kind: "latest-app-consistent" } });
    expect((await settled(app, id))?.end).toMatchObject({ kind: "taken-over" });
    expect(await app.states()).toEqual(["failed-over"]);
  });
});

describe("a commit timer that dies half-way", () => {
  testInBothReplays("starts one execution, however often it is told to", async (app) => {
    const id = await failedOver(app, {});
    const { until = "" } = (await timerOf(app, id)) ?? {};
    const told = { executionId: id, untilMs: toMs(until), verb: "commit", because: "nobody decided" };
    const raw = [1, 2, 3].map(() => END_COMMIT_TIMER.handle(app.context, told));
    const answers = await Promise.all(raw);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    await settled(app, id);
    const { entries } = await app.context.store.listExecutions({ limit: 100 });
    expect(entries.filter(({ verb }) => verb === "commit")).toHaveLength(1);
  });

  testInBothReplays("does what it decided, even if it is told otherwise later", async (app) => {
    const id = await failedOver(app, {});
    const { until = "" } = (await timerOf(app, id)) ?? {};
    const told = { executionId: id, untilMs: toMs(until), because: "nobody decided" };
    const broken = {
      ...app.context,
      orchestrations: { ...app.context.orchestrations, start: () => Promise.reject(new Error("power cut")) },
    };
    await expect(END_COMMIT_TIMER.handle(broken, { ...told, verb: "commit" })).rejects.toThrow("power cut");
    await END_COMMIT_TIMER.handle(app.context, { ...told, verb: "cancel-failover" });
    expect(await settled(app, id)).toMatchObject({ end: { kind: "started", verb: "commit" } });
    expect(await app.states()).toEqual(["committed"]);
  });
});

describe("a commit timer, an approval of the commit, and the way back", () => {
  testInBothReplays(
    "the commit that it starts waits for its approval, and a decline leaves the failover as it is",
    async (app) => {
      const id = await failedOver(app, {});
      await app.completed(id);
      const timer = await timerOf(app, id);
      const commitId = timer?.end?.kind === "started" ? timer.end.executionId : "";
      const { approvalId } = await approvalAwaited(app, commitId);
      await app.pass(180 * MINUTE);
      expect(await app.states()).toEqual(["committing"]);
      await decideAs(app, "ann", approvalId, { decision: "decline" });
      expect((await app.ended(commitId)).execution).toMatchObject({ failure: { code: "approval-declined" } });
      expect(await app.states()).toEqual(["failed-over"]);
      await app.pass(180 * MINUTE);
      const again = await app.start("commit");
      await decideAs(app, "ann", (await approvalAwaited(app, again)).approvalId);
      expect((await app.ended(again)).status).toBe("succeeded");
      expect(await app.states()).toEqual(["committed"]);
    },
    withApprovals({ ...TWO_BEFORE_START, needed: 1, id: "commit", before: { kind: "commit" } }),
  );

  testInBothReplays("decides about a failback as about a failover", async (app) => {
    await app.load(estateOf("azure-to-azure"));
    await app.run("planned-failover", { acknowledgeNoTest: true });
    await app.run("commit");
    await app.run("reprotect", REPROTECT);
    const commitTimer = { afterMinutes: 60, onExpiry: "roll-back" as const, warnMinutesBefore: [] };
    await app.changePlan((plan) => ({ ...plan, commitTimer }));
    const { execution } = await app.run("failback", { acknowledgeNoTest: true });
    expect(await settled(app, execution.executionId)).toMatchObject({
      end: { kind: "started", verb: "cancel-failover" },
    });
    expect(
      (await app.items()).map(({ state, direction, activeSiteId }) => ({ state, direction, activeSiteId })),
    ).toEqual(
      (await app.items()).map(() => ({ state: "protected", direction: "recovery-to-primary", activeSiteId: "away" })),
    );
  });

  testInBothReplays("is undecided when the machines can't be looked at, and does nothing", async (app) => {
    const id = await failedOver(app, { onExpiry: "probes", probes: [heartbeat] });
    const observe = () => Promise.reject(new RecoveryError("row-unreadable", "the row of the machine is damaged"));
    Object.assign(app.context, { hypervisor: { ...app.context.hypervisor, observe } });
    const timer = await settled(app, id);
    expect(timer?.end).toMatchObject({ kind: "undecided", because: expect.stringContaining("is damaged") });
    expect(timer?.decided).toBeUndefined();
    expect(await app.states()).toEqual(["failed-over"]);
  });
});
