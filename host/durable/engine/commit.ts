import { EventType } from "../history.js";
import type { Commit } from "../store/port.js";
import type { Episode } from "./episode.js";
import type { Message, Session } from "./session.js";

/** The commit that makes an episode over `batch` count. */
export function commitOf(session: Session, batch: readonly Message[], episode: Episode, nowMs: number): Commit {
  const { instance, events, overwriteBelow } = session;
  const { generation } = episode;
  const inboxThrough = batch.findLast(({ key }) => key !== undefined)?.key ?? (generation && session.inboxThrough);
  return {
    instanceId: instance.instanceId,
    executionId: generation?.executionId ?? instance.executionId,
    startId: instance.startId,
    firstRow: generation ? 0 : events.length,
    events: episode.rows,
    overwriteBelow: generation ? Math.max(overwriteBelow, events.length) : overwriteBelow,
    checkpoint: events.length === 0 || generation !== undefined || episode.ended !== undefined,
    ...(episode.customStatus === instance.customStatus ? {} : { customStatus: episode.customStatus }),
    ...(inboxThrough === undefined ? {} : { inboxThrough }),
    committedMs: nowMs,
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
