/**
 * The token with which the receiver of a webhook calls back.
 *
 * - T1 A token is for one action and one time that it was asked for. Whoever has it learns nothing of the others.
 * - T2 Every call of the webhook carries the same token, and so does a call that is made twice: it is derived from a
 *   secret in the execution's record, and the first one to need the secret makes it.
 * - T3 Tokens are compared in constant time, by construction.
 *
 * T1 and T2 are shown by test/unit/executions/call-back-token.test.ts.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { RecoveryError } from "../domain/errors.js";
import type { Ports } from "../ports.js";
import { updateWithRetry } from "../store/port.js";

/** The secret of an execution, made when it is needed for the first time. */
export function callBackSecretOf({ store }: Pick<Ports, "store">, executionId: string): Promise<string> {
  const fresh = randomBytes(32).toString("base64url");
  return updateWithRetry(
    () => store.getExecution(executionId),
    (found) => {
      if (!found) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
      const { value, etag } = found;
      if (value.callBackSecret !== undefined) return { answer: value.callBackSecret };
      return { answer: fresh, write: () => store.updateExecution({ ...value, callBackSecret: fresh }, etag) };
    },
  );
}

/** It begins with the time that the action was asked for, so that the call-back need not say it. */
export const callBackToken = (secret: string, actionId: string, ask: number): string =>
  `${ask}.${createHmac("sha256", secret).update(`${actionId}/${ask}`).digest("base64url")}`;

/** The how-manieth time the action was asked for when it sent this token; null when it is no token of the action. */
export function askOfToken(secret: string, actionId: string, token: string): number | null {
  const ask = Number(/^(\d{1,5})\./.exec(token)?.[1] ?? 0);
  if (ask < 1) return null;
  return isEqual(token, callBackToken(secret, actionId, ask)) ? ask : null;
}

/** Digests have one length, so that the comparison says nothing about the length of what is expected. */
const isEqual = (a: string, b: string): boolean => timingSafeEqual(digestOf(a), digestOf(b));
const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
