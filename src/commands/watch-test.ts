import { DEFAULT_LIFE_MINUTES } from "../domain/drills/policy.js";
import { toInstant } from "../domain/text.js";
import type { Services } from "./context.js";
import type { StartTarget } from "./start-decision.js";

/** Called before a test is recorded, so that none is forgotten for ever. (test/orchestrators/forgotten-tests.test.ts) */
export async function watchTest(
  { store, clock }: Pick<Services, "store" | "clock">,
  executionId: string,
  target: StartTarget,
): Promise<void> {
  const plan = target.kind === "plan" ? (await store.getPlan(target.planId))?.value.plan : undefined;
  const minutes = plan?.drill?.timeToLiveMinutes ?? DEFAULT_LIFE_MINUTES;
  const nowMs = clock.now();
  const times = { since: toInstant(nowMs), lookAt: toInstant(nowMs + minutes * 60_000) };
  await store.watchTest({ executionId, ...times, attempts: 0 });
}
