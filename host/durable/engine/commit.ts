import type { Logger } from "../../logger.js";
import { EventType } from "../history.js";
import type { Commit } from "../store/port.js";
import type { Episode } from "./decisions.js";
import { type EpisodeDeps, runEpisode } from "./episode.js";
import type { Message, PendingCommit, Session } from "./session.js";

/** Runs an episode over the next messages and prepares its commit; undefined when there is nothing to do. */
export async function prepareCommit(
  session: Session,
  maxMessages: number,
  deps: EpisodeDeps,
): Promise<PendingCommit | undefined> {
  const batch = session.takeBatch(maxMessages);
  if (batch.length === 0 && !session.isNewGeneration) return undefined;
  try {
    const episode = await runEpisode(session, batch, deps);
    const carried = takeCarriedOver(batch, episode.carriedOver);
    return { batch, carried, episode, commit: buildCommit(session, batch, episode, deps) };
  } catch (error) {
    session.mailbox.unshift(...batch);
    throw error;
  }
}

const COMMIT_ID_DIGITS = 12;

function buildCommit(session: Session, batch: readonly Message[], episode: Episode, deps: EpisodeDeps): Commit {
  const { instance, events, overwriteBelow, inboxPosition } = session;
  const { generation } = episode;
  const inboxThrough = batch.findLast(({ key }) => key !== undefined)?.key ?? (generation && inboxPosition.committed);
  const outagesAtStart = batch.flatMap((message) => message.outagesAtStart ?? []);
  return {
    commitId: deps.newId().slice(-COMMIT_ID_DIGITS),
    instanceId: instance.instanceId,
    executionId: generation?.executionId ?? instance.executionId,
    startId: instance.startId,
    firstRow: generation ? 0 : events.length,
    events: episode.rows,
    overwriteBelow: generation ? Math.max(overwriteBelow, events.length) : overwriteBelow,
    checkpoint: events.length === 0 || generation !== undefined || episode.ended !== undefined,
    ...(episode.customStatus === instance.customStatus ? {} : { customStatus: episode.customStatus }),
    ...(inboxThrough === undefined ? {} : { inboxThrough }),
    ...(outagesAtStart.length === 0 ? {} : { outagesAtStart: Math.min(...outagesAtStart) }),
    committedMs: deps.now(),
  };
}

/**
 * Takes from the end of the batch the messages for the next generation: its last `count` events, and every message
 * between them, so that messages stay in order and no message counts as consumed.
 */
export function takeCarriedOver(batch: Message[], count: number): Message[] {
  let from = batch.length;
  for (let left = count; left > 0 && from > 0; ) {
    from -= 1;
    if (batch[from]?.event.EventType === EventType.EventRaised) left -= 1;
  }
  return batch.splice(from);
}

/** Logs each warning of an instance once. */
export function logWarnings(session: Session, warnings: readonly string[], logger: Logger): void {
  for (const warning of session.newWarnings(warnings)) {
    const fields = { category: "Host.Durable", instanceId: session.id, function: session.instance.name };
    logger.log("warning", `${session.instance.name} (${session.id}): ${warning}`, fields);
  }
}
