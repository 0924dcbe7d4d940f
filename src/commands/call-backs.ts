import { RecoveryError } from "../domain/errors.js";
import { askOfToken } from "../executions/call-back-token.js";
import type { Context } from "./context.js";
import { decide } from "./decisions.js";

/**
 * The receiver of a webhook says that its work is done or failed. It knows the token that the call carried, and nothing
 * else of the installation, so a wrong token and a wrong id get the same answer.
 */
export async function completeAction(
  context: Context,
  executionId: string,
  { actionId, token, done, detail }: { actionId: string; token: string; done: boolean; detail: string },
): Promise<void> {
  const secret = (await context.store.getExecution(executionId))?.value.callBackSecret;
  const ask = secret === undefined ? null : askOfToken(secret, actionId, token);
  if (ask === null) throw new RecoveryError("call-back-refused", `the token is not that of action ${actionId}`);
  const decision = { kind: "confirm", actionId, ask, done, by: "call-back", note: detail } as const;
  await decide(context, executionId, decision, { early: true });
}
