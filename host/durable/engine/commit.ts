import type { Logger } from "../../logger.js";
import { EventType } from "../history.js";
import type { Commit } from "../store/port.js";
import type { Episode } from "./decisions.js";
import { type EpisodeDeps, runEpisode } from "./episode.js";
import type { Message, Session, Told } from "./session.js";

/** Tells an episode over the next messages, at most so many; undefined when there is nothing to be told. */
export async function tellEpisode(session: Session, most: number, deps: EpisodeDeps): Promise<Told | undefined> {
  const batch = session.takeBatch(most);
  if (batch.length === 0 && !session.continuing) return undefined;
  try {
    const episode = await runEpisode(session, batch, deps);
    const carried = takeCarriedOver(batch, episode.carriedOver);
    return { batch, carried, episode, commit: commitOf(session, batch, episode, deps) };
  } catch (error) {
    session.mailbox.unshift(...batch);
    throw error;
  }
}

const COMMIT_ID_DIGITS = 12;

/** The commit that makes an episode over `batch` count. */
function commitOf(session: Session, batch: readonly Message[], episode: Episode, deps: EpisodeDeps): Commit {
  const { instance, events, overwriteBelow } = session;
  const { generation } = episode;
  const inboxThrough = batch.findLast(({ key }) => key !== undefined)?.key ?? (generation && session.inboxThrough);
  const since = batch.flatMap((message) => message.since ?? []);
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
    ...(since.length === 0 ? {} : { since: Math.min(...since) }),
    committedMs: deps.now(),
  };
}

/**
 * Takes from the end of the batch what the next generation gets: its last `count` events, and whatever came among
 * them, so that messages stay in order and none is taken for consumed.
 */
export function takeCarriedOver(batch: Message[], count: number): Message[] {
  let from = batch.length;
  for (let left = count; left > 0 && from > 0; ) {
    from -= 1;
    if (batch[from]?.event.EventType === EventType.EventRaised) left -= 1;
  }
  return batch.splice(from);
}

/** Logs of an episode's warnings those that have not come up before. */
export function logWarnings(session: Session, warnings: readonly string[], logger: Logger): void {
  for (const warning of session.notYetWarnedOf(warnings)) {
    const fields = { category: "Host.Durable", instanceId: session.id, function: session.instance.name };
    logger.log("warning", `${session.instance.name} (${session.id}): ${warning}`, fields);
  }
}
