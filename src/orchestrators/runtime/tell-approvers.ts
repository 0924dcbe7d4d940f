/**
 * Telling approvers: that they are asked for an approval, and how it ended.
 *
 * - Q1 Nothing waits for a receiver. A decision and a cancel are heard while a call is open.
 *   (test/unit/durable/tell-approvers.test.ts)
 * - Q2 An ask is sent again on the schedule of Standard Webhooks, under the same id, until it is taken, the receiver
 *   wants no more (410), or the approval ends or expires. (test/unit/durable/tell-approvers.test.ts)
 * - Q3 Between two attempts there is one durable timer, and nothing else. (test/unit/durable/tell-approvers.test.ts)
 * - Q4 Whoever was asked is told the end, where that is possible. (test/unit/durable/tell-approvers.test.ts)
 * - Q5 What was not taken is in the execution's record. (test/unit/durable/tell-approvers.test.ts)
 */
import type { OrchestrationContext, Task } from "durable-functions";
import type { ApprovalAsk } from "../../domain/approvals/ask.js";
import type { ApprovalClosing, AskMessage, ReplyAddress } from "../../domain/approvals/ask-message.js";
import type { AskTarget } from "../../domain/approvals/ask-target.js";
import { askDelayAfter, delayAfter, RETRY_POLICIES } from "../../domain/retry-policies.js";
import { type Durable, SideCall } from "../../durable/call.js";
import { sleep } from "../../durable/wait.js";
import { type AskAttempt, askForApproval } from "../../executions/ask-contracts.js";

/** One message to one address, until it is taken or given up. */
interface Telling {
  key: string;
  message: AskMessage;
  at: string;
  to: AskAttempt["to"];
  /** The number of the next attempt. */
  attempt: number;
  dueMs: number;
}

type Call = SideCall<typeof askForApproval.input, typeof askForApproval.output>;

/** A call takes less. After this time it is looked at again, if nothing else happened before. */
const LOOK_AGAIN_MS = 6_000;

/** What approvers of one execution are told. */
export class ApproverMessages {
  readonly #context: OrchestrationContext;
  readonly #executionId: string;
  #waiting: Telling[] = [];
  /** Targets that were asked, by approval, without those that want no more. */
  readonly #told = new Map<string, Set<AskTarget>>();
  #dropped: string[] = [];
  #underWay: { call: Call; sent: readonly Telling[]; sinceMs: number } | undefined;

  constructor(context: OrchestrationContext, executionId: string) {
    this.#context = context;
    this.#executionId = executionId;
  }

  /** Asks for an approval. The next wait of the execution sends it. An escalation takes the place of an unsent ask. */
  ask(kind: "requested" | "escalated", targets: readonly AskTarget[], ask: ApprovalAsk): void {
    this.#stop(ask.approvalId);
    const message = { kind, ask };
    for (const [at, target] of targets.entries()) {
      this.#add(`ask/${ask.approvalId}/${kind}/${at}`, message, { kind: "target", target });
    }
  }

  /**
   * Stops asking, and tells the end to whoever was asked, and to the addresses that senders gave. The next wait sends
   * it, or the end of the execution.
   */
  close(ask: ApprovalAsk, closing: ApprovalClosing, replies: readonly ReplyAddress[] = []): void {
    const { approvalId } = ask;
    this.#stop(approvalId);
    const targets = [...(this.#told.get(approvalId) ?? [])];
    this.#told.delete(approvalId);
    const message = { kind: "closed", ask, closing } as const;
    const isAnswered = ({ format }: AskTarget) =>
      format === "slack" && replies.some((reply) => reply.format === format);
    for (const [at, target] of targets.filter((target) => !isAnswered(target)).entries()) {
      this.#add(`ask/${approvalId}/closed/${at}`, message, { kind: "target", target });
    }
    for (const [at, reply] of replies.entries()) {
      this.#add(`ask/${approvalId}/reply/${at}`, message, { kind: "reply", reply, targets });
    }
  }

  /** When there is something to do; undefined while there is nothing. */
  get nextMs(): number | undefined {
    if (this.#underWay !== undefined) return this.#underWay.sinceMs + LOOK_AGAIN_MS;
    if (this.#waiting.length === 0) return undefined;
    const dueMs = Math.min(...this.#waiting.map((one) => one.dueMs));
    return dueMs > this.#now() ? dueMs : this.#now() + LOOK_AGAIN_MS; // `begin` sends what is due now
  }

  /** The call that sends what is due; undefined when nothing is, or while another call is open. */
  begin(): Task | undefined {
    const nowMs = this.#now();
    const first = this.#waiting.find(({ dueMs }) => dueMs <= nowMs);
    if (this.#underWay !== undefined || first === undefined) return undefined;
    const { message, at } = first;
    const sent = this.#waiting.filter((one) => one.message === message && one.dueMs <= nowMs);
    for (const one of sent) this.#noteTold(one);
    const attempts = sent.map((one) => {
      return { key: one.key, attempt: one.attempt, to: one.to, retryAfterMs: this.#retryAfterMs(one, nowMs) };
    });
    const dropped = this.#dropped.splice(0);
    const input = { executionId: this.#executionId, message, at, attempts, dropped };
    const call = new SideCall(this.#context, askForApproval, input);
    this.#underWay = { call, sent, sinceMs: nowMs };
    return call.task;
  }

  /** Takes the results of a call that has ended. False when none has. */
  takeResults(): boolean {
    if (this.#underWay === undefined || !this.#underWay.call.hasEnded) return false;
    const { call, sent } = this.#underWay;
    this.#underWay = undefined;
    const nowMs = this.#now();
    const results = new Map(call.answer?.results.map(({ key, result }) => [key, result]));
    for (const one of sent) {
      const result = results.get(one.key) ?? "failed";
      const delayMs = result === "failed" ? this.#retryAfterMs(one, nowMs) : null;
      if (delayMs === null) this.#waiting = this.#waiting.filter((other) => other !== one);
      else Object.assign(one, { attempt: one.attempt + 1, dueMs: nowMs + delayMs });
      if (result === "gone" && one.to.kind === "target")
        this.#told.get(one.message.ask.approvalId)?.delete(one.to.target);
    }
    return true;
  }

  /** Sends what is due, and waits for that. */
  *sendDue(): Durable<void> {
    for (;;) {
      this.begin();
      if (this.#underWay === undefined) return;
      yield* this.#underWay.call.end();
      this.takeResults();
    }
  }

  /** Sends all that waits until it is taken or given up. Nothing may wait for this. */
  *drain(): Durable<void> {
    for (;;) {
      yield* this.sendDue();
      const { nextMs } = this;
      if (nextMs === undefined) return;
      yield* sleep(this.#context, Math.max(0, nextMs - this.#now()));
    }
  }

  #add(key: string, message: AskMessage, to: AskAttempt["to"]): void {
    const nowMs = this.#now();
    this.#waiting.push({ key, message, at: new Date(nowMs).toISOString(), to, attempt: 1, dueMs: nowMs });
  }

  /** Sends the asks of an approval no more. What the record says of them ends with the next call. */
  #stop(approvalId: string): void {
    const isAsk = ({ message }: Telling) => message.kind !== "closed" && message.ask.approvalId === approvalId;
    const stopped = this.#waiting.filter(isAsk);
    this.#waiting = this.#waiting.filter((one) => !isAsk(one));
    const mayBeNoted = (one: Telling) => one.attempt > 1 || this.#underWay?.sent.includes(one);
    this.#dropped.push(...stopped.filter(mayBeNoted).map(({ key }) => key));
  }

  #noteTold({ message, to }: Telling): void {
    if (message.kind === "closed" || to.kind !== "target") return;
    const { approvalId } = message.ask;
    this.#told.set(approvalId, (this.#told.get(approvalId) ?? new Set()).add(to.target));
  }

  /** An ask is not sent after the approval has expired. Its end is news for a few minutes. */
  #retryAfterMs({ message, attempt }: Telling, nowMs: number): number | null {
    if (message.kind === "closed") return delayAfter(RETRY_POLICIES.notification, attempt);
    const delayMs = askDelayAfter(attempt);
    return delayMs !== null && nowMs + delayMs < Date.parse(message.ask.expiresAt) ? delayMs : null;
  }

  #now(): number {
    return this.#context.df.currentUtcDateTime.getTime();
  }
}
