/**
 * One drill: a test failover, checks, a clean-up and a verdict. All that a drill knows is in its record, and one activity takes
 * it as far as it can go, so this orchestration only waits.
 *
 * - D1 Whatever dies in between, a drill has one test and one clean-up: their keys are derived from the drill.
 *   (test/orchestrators/drill-crashes.test.ts)
 * - D2 It starts test failovers and clean-ups only, by the command that serves people. (test/orchestrators/drills.test.ts)
 * - D3 An event only wakes it: without any it looks again by itself. (same file)
 */
import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import type { Durable } from "../../durable/call.js";
import { untilItWorks } from "../../durable/until-it-works.js";
import { Mailbox } from "../../durable/wait.js";
import { advanceDrill, drillContract } from "../../executions/drill-contracts.js";
import { DRILL_EVENT } from "./contracts.js";

export function* drill(context: OrchestrationContext): Durable<{ result: string }> {
  const { drillId } = drillContract.input.parse(context.df.getInput());
  const news = new Mailbox(context, DRILL_EVENT, z.object({}));
  for (;;) {
    const progress = yield* untilItWorks(context, advanceDrill, { drillId });
    if (progress.state === "ended") return { result: progress.result };
    yield* news.next(new Date(context.df.currentUtcDateTime.getTime() + progress.waitMs));
  }
}
