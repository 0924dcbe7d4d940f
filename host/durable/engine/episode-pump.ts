import { OutdatedError, RefusedError } from "../store/port.js";
import { logWarnings, prepareCommit } from "./commit.js";
import type { Episode } from "./decisions.js";
import type { EpisodeDeps } from "./episode.js";
import type { EngineContext } from "./options.js";
import type { Message, PendingCommit, Run, Session } from "./session.js";
import type { Tasks } from "./tasks.js";
import { WorkQueue } from "./work-queue.js";

/** A commit should fit into a few transactions. */
const MAX_MESSAGES_PER_EPISODE = 500;

/** The store has retried transient faults before a commit fails, so the next attempt waits for a person to act. */
const RETRY_COMMIT_MS = 30_000;
const MAX_COMMIT_ATTEMPTS = 5;

/**
 * Runs episodes: takes the waiting messages of a session, replays its orchestrator, commits the result in one
 * transaction, and only then carries out what the episode decided.
 */
export class EpisodePump {
  readonly #engine: EngineContext;
  readonly #tasks: Tasks;
  readonly #reload: (instanceId: string) => Promise<void>;
  readonly #queue: WorkQueue<Session>;
  readonly #deps: EpisodeDeps;
  #stopped = false;

  /** @param reload loads an instance again from the store */
  constructor(engine: EngineContext, tasks: Tasks, reload: (instanceId: string) => Promise<void>) {
    const { options, inFlight, newGuid } = engine;
    this.#engine = engine;
    this.#tasks = tasks;
    this.#reload = reload;
    this.#queue = new WorkQueue({
      limit: options.maxConcurrentOrchestrators,
      choose: options.choose,
      inFlight,
      onError: (error) => engine.fail(error),
      work: (session) => this.#run(session),
    });
    this.#deps = {
      app: options.app,
      now: () => options.clock.now(),
      newId: () => newGuid().replaceAll("-", ""),
      strict: options.replay === "every-step",
      maxActions: options.maxActions ?? Number.POSITIVE_INFINITY,
    };
  }

  deliver(session: Session, message: Message): void {
    if (this.#stopped || session.hasEnded) return;
    session.mailbox.push(message);
    this.enqueue(session);
  }

  /** Continues a session that was restored from the store: starts its open tasks again. */
  resume(session: Session): void {
    if (session.events.length === 0) this.deliver(session, session.start);
    else this.#tasks.carryOut(session);
  }

  enqueue(session: Session): void {
    if (session.enqueue()) this.#queue.add(session);
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.stop();
  }

  async #run(session: Session): Promise<void> {
    const run = session.startRun();
    if (!run) return;
    try {
      await this.#runEpisode(session, run);
    } catch (error) {
      if (session.hasEnded) return;
      // The storage may have lost what the activities wrote, so the instance continues from the store, as after a crash.
      if (error instanceof OutdatedError) return this.#reload(session.id);
      if (error instanceof RefusedError) return this.#engine.suspend(session, error);
      this.#engine.fail(error, session);
      return this.#retryLater(session, run, error);
    }
    session.finishRun();
    this.enqueue(session);
  }

  /** The episode could not be committed, so nothing of it counts yet. */
  #retryLater(session: Session, run: Run, error: unknown): void {
    if (this.#stopped) return;
    if (run.attempt === MAX_COMMIT_ATTEMPTS) {
      this.#engine.suspend(session, error);
      return;
    }
    session.backOff();
    const { clock } = this.#engine.options;
    clock.after(RETRY_COMMIT_MS, () => {
      if (session.retryRun()) this.#queue.add(session);
    });
  }

  /** A prepared episode is committed unchanged: an earlier attempt may have reached the store although its answer was lost. */
  async #runEpisode(session: Session, run: Run): Promise<void> {
    const { options } = this.#engine;
    const maxMessages = options.replay === "every-step" ? 1 : MAX_MESSAGES_PER_EPISODE;
    run.pending ??= await prepareCommit(session, maxMessages, this.#deps);
    if (run.pending === undefined) return;
    await options.store.commit(run.pending.commit);
    if (!session.hasEnded) this.#apply(session, run.pending);
  }

  /** The episode is committed: moves the session forward and carries out what the episode decided. */
  #apply(session: Session, { batch, carried, episode, commit }: PendingCommit): void {
    const { inbox, options, projection } = this.#engine;
    session.inboxPosition.committed = commit.inboxThrough ?? session.inboxPosition.committed;
    logWarnings(session, episode.warnings, options.logger);
    session.mailbox.unshift(...carried);
    inbox.drop(session.id, batch);
    if (episode.generation) session.beginGeneration(episode.generation);
    else session.completeGenerationStart();
    session.append(episode.rows);
    session.instance.customStatus = episode.customStatus;
    this.#tasks.cancelTimers(session, episode.cancelledTimers);
    projection.applyEpisode(session.instance, batch, episode);
    if (episode.ended) this.#end(session, episode.ended);
    else
      this.#tasks.carryOut(
        session,
        episode.rows.map((row) => row.event),
      );
  }

  #end(session: Session, ended: NonNullable<Episode["ended"]>): void {
    this.#engine.sessions.delete(session.id);
    session.end();
    this.#engine.inbox.drop(session.id, session.mailbox.splice(0));
    this.#tasks.reportEnd(session, ended);
  }
}
