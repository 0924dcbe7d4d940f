import { hasCode } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import type { Ports } from "../ports.js";
import { endExecution } from "./end-execution.js";

type EndedBadly = Extract<Execution, { status: "failed" | "cancelled" }>;

/** Whether the items were released before the end was written. Then items that it holds now were acquired after its end. */
export const isReleasedBeforeItsEnd = (execution: Execution): execution is EndedBadly =>
  execution.status === "failed" || execution.status === "cancelled";

/** Releases the untouched items of an execution in their previous states, and ends the execution if it has not ended. */
export async function releaseItems(
  ports: Ports,
  { executionId, status, failure }: Pick<EndedBadly, "executionId" | "status" | "failure">,
): Promise<void> {
  for (;;) {
    try {
      return await endExecution(ports, { executionId, status, failure, touched: false, reports: [], steps: [] });
    } catch (thrown) {
      // Another request for it released them at the same moment.
      if (!hasCode(thrown, "item-held")) throw thrown;
    }
  }
}
