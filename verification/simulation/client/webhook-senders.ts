import type { Approval } from "../../../src/domain/approvals/approval.js";
import { SENDERS } from "../../support/webhook-senders.js";
import {
  EXTERNALS,
  forgersSecret,
  SECRETS,
  SOURCE_FAMILIES,
  type SourceFamily,
} from "../generators/webhook-sources.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable } from "./environment.js";
import type { ClientRequest } from "./requests.js";

type Webhook = Extract<ClientRequest, { kind: "webhook" }>;

const REACTION_MS = 20_000;

/** Registers sources, and sends what their people say: late, twice, out of order, after a rotation, and forged. */
export async function decideByWebhook(environment: Environment, random: Random): Promise<void> {
  const { client, clock, directStore, journal } = environment;
  for (const sourceId of SOURCE_FAMILIES)
    await client.sendUntilKnown({ kind: "save-source", sourceId, secrets: [sourceId] }, random.fork(sourceId));
  void changeSources(environment, random.fork("changes"));
  const seen = new Set<string>();
  for (;;) {
    await journal.change();
    await sleep(clock, REACTION_MS);
    await client.sweepWebhooks();
    if (environment.quiescing) continue;
    const page = await ifReadable(directStore.listOpenApprovals({ limit: 100 }));
    for (const approval of page?.entries ?? []) {
      const { approvalId } = approval.content;
      if (seen.has(approvalId)) continue;
      seen.add(approvalId);
      for (const family of SOURCE_FAMILIES)
        speakAt(environment, family, approval, random.fork(`${approvalId}/${family}`));
    }
  }
}

/** Sometimes a source is removed for a while, or its secret is rotated: first both count, then the new one only. */
async function changeSources(environment: Environment, random: Random): Promise<void> {
  const { client, clock } = environment;
  for (const sourceId of SOURCE_FAMILIES) {
    const own = random.fork(sourceId);
    await sleep(clock, own.skewed(60_000, 14_400_000));
    const change = own.weighted({ nothing: 4, rotate: 2, remove: 1 });
    if (change === "nothing") continue;
    const first: ClientRequest =
      change === "remove"
        ? { kind: "remove-source", sourceId }
        : { kind: "save-source", sourceId, secrets: [sourceId, `${sourceId}_new`] };
    await client.sendUntilKnown(first, own);
    await sleep(clock, own.skewed(60_000, 3_600_000));
    const secrets = change === "remove" ? [sourceId] : [`${sourceId}_new`];
    await client.sendUntilKnown({ kind: "save-source", sourceId, secrets }, own);
  }
}

function speakAt(environment: Environment, family: SourceFamily, approval: Approval, random: Random): void {
  for (const [person, external] of Object.entries(EXTERNALS[family])) {
    const own = random.fork(person);
    if (own.chance(0.3)) void sayLater(environment, family, { approval, external }, own);
  }
}

/** Messages are delivered at least once, soon, and sometimes only after the approval is over. */
async function sayLater(
  environment: Environment,
  family: SourceFamily,
  { approval, external }: { approval: Approval; external: string },
  random: Random,
): Promise<void> {
  const { client, clock } = environment;
  const { requestedAt, expiresAt } = approval.content;
  const wholeMs = Date.parse(expiresAt) - Date.parse(requestedAt);
  await sleep(clock, random.chance(0.8) ? random.skewed(1_000, 1_800_000) : wholeMs + random.skewed(1, 60_000));
  if (environment.quiescing) return;
  const message = messageOf(family, { approval, external }, clock.now(), random);
  await sleep(clock, random.chance(0.8) ? 0 : random.skewed(1_000, 900_000)); // on its way, so that others overtake it
  if (random.chance(0.3)) void client.send(forgedFrom(family, message, approval, random.fork("forged")));
  if (random.chance(0.2)) void client.send(message); // at the same time
  const sent = await client.sendUntilKnown(message, random.fork("insist"));
  if (!random.chance(0.3)) return;
  await sleep(clock, random.skewed(1_000, 3_600_000));
  if (!environment.quiescing) await client.send(message, sent.n); // replayed
}

function messageOf(
  family: SourceFamily,
  { approval: { content, hash }, external }: { approval: Approval; external: string },
  nowMs: number,
  random: Random,
): Webhook {
  const { approvalId } = content;
  const decision = random.chance(0.75) ? "approve" : "decline";
  const saw = random.chance(0.9) ? hash : `0${hash.slice(1, -1)}x`;
  const id = `msg_${random.int(1, 1_000_000_000)}`;
  const secret = SECRETS[random.chance(0.8) ? family : `${family}_new`];
  const sent = SENDERS[family].send({ id, external, decision, approvalId, hash: saw, reason: "seen" }, nowMs, secret);
  const said = { sourceId: family, external, approvalId, decision } as const;
  return { kind: "webhook", sourceId: family, headers: sent.headers, body: sent.body.toString("base64"), said };
}

/** Signed with a guess, under the signature of another message, or sent to a source that is none or another. */
function forgedFrom(family: SourceFamily, genuine: Webhook, approval: Approval, random: Random): Webhook {
  const how = random.pick(["secret", "body", "unknown", "other"] as const);
  if (how === "unknown") return { ...genuine, sourceId: "nobody", said: null };
  if (how === "other") return { ...genuine, sourceId: family === "slack" ? "github" : "slack", said: null };
  const { approvalId } = approval.content;
  const said = { id: "msg_forged", external: EXTERNALS[family][random.pick(["ann", "bob", "cid"])] ?? "1", approvalId };
  const claim = { ...said, decision: "approve", hash: approval.hash, reason: "forged" } as const;
  const timeMs = Number(genuine.headers["webhook-timestamp"] ?? genuine.headers["x-slack-request-timestamp"] ?? 0);
  const { headers, body } = SENDERS[family].send(claim, timeMs * 1_000, forgersSecret(family));
  const used = how === "secret" ? headers : genuine.headers;
  return { ...genuine, headers: used, body: body.toString("base64"), said: null };
}
