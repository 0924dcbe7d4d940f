import type { ParentRef, SubOrchestrationCreatedEvent } from "../history.js";
import { unusableId } from "../store/keys.js";
import type { StoredInstance } from "../store/port.js";
import { TERMINAL_STATUSES } from "../task-hub.js";
import type { Episode } from "./decisions.js";
import { taskCompleted, taskFailed } from "./events.js";
import type { EngineContext } from "./options.js";
import type { Message, Session } from "./session.js";

type Outcome = NonNullable<Episode["ended"]>;

/** Starts sub-orchestrations and reports their ends to their parents. After a crash both are repeated without harm. */
export class SubOrchestrations {
  readonly #engine: EngineContext;

  constructor(engine: EngineContext) {
    this.#engine = engine;
  }

  /** Starts the child that `event` records. If it was started before, reports how it ended, or lets it go on. */
  async start(session: Session, event: SubOrchestrationCreatedEvent, input: string | null): Promise<void> {
    const parent = parentRef(session.instance, event.EventId);
    const refusal = this.#refusal(session, event.InstanceId);
    if (refusal) return this.#fail(parent, refusal);
    const child = this.#newChild(parent, event, input);
    const existing = await this.#engine.options.store.createInstance(child);
    if (!existing) {
      this.#engine.begin(child);
      return;
    }
    if (isSameTask(existing.parent, parent)) return this.#continueChild(existing);
    if (!TERMINAL_STATUSES.has(await this.#currentStatus(existing))) {
      return this.#fail(
        parent,
        `An orchestration instance with the id '${event.InstanceId}' is already running. Give the child another id, or wait until that instance has ended.`,
      );
    }
    await this.#engine.projection.flush();
    await this.#engine.options.store.replaceInstance(child);
    this.#engine.begin(child);
  }

  /** Reports the end of an instance to its parent, if it has one. */
  async reportEnd({ name, parent }: StoredInstance, outcome: Outcome): Promise<void> {
    if (!parent) return;
    const nowMs = this.#engine.options.clock.now();
    const taskId = parent.TaskScheduleId;
    if (outcome.status === "Completed") {
      await this.#deliver(parent, taskCompleted("child", taskId, outcome.output, nowMs));
      return;
    }
    const reason = outcome.output ?? `Orchestrator function '${name}' was terminated.`;
    const details = outcome.status === "Failed" ? `Message: ${outcome.error ?? ""}, StackTrace: ` : "";
    await this.#deliver(parent, taskFailed("child", taskId, { reason, details, failureDetails: null }, nowMs));
  }

  async #continueChild(child: StoredInstance): Promise<void> {
    const running = await this.#engine.session(child.instanceId);
    if (running) return;
    const ended =
      this.#engine.projection.pending(child.instanceId) ??
      (await this.#engine.options.store.readInstance(child.instanceId)) ??
      child;
    const { runtimeStatus: status, output } = ended;
    if (status !== "Completed" && status !== "Failed" && status !== "Terminated") return;
    await this.reportEnd(ended, { status, output, error: originalError(ended.name, output) });
  }

  async #currentStatus(existing: StoredInstance): Promise<StoredInstance["runtimeStatus"]> {
    const session = await this.#engine.session(existing.instanceId);
    return (
      session?.instance.runtimeStatus ??
      this.#engine.projection.pending(existing.instanceId)?.runtimeStatus ??
      existing.runtimeStatus
    );
  }

  #refusal(session: Session, childId: string): string | undefined {
    if (childId === session.id) return "A sub-orchestration cannot have the id of the orchestration that calls it.";
    if (childId === session.instance.parentInstanceId)
      return "A sub-orchestration cannot have the id of its parent's parent.";
    return childId.startsWith("@")
      ? "An id that begins with '@' belongs to an entity, so a sub-orchestration cannot have it."
      : unusableId(childId);
  }

  #newChild(parent: ParentRef, event: SubOrchestrationCreatedEvent, input: string | null): StoredInstance {
    const nowMs = this.#engine.options.clock.now();
    return {
      instanceId: event.InstanceId,
      executionId: this.#engine.newGuid().replaceAll("-", ""),
      startId: this.#engine.newGuid(),
      name: event.Name,
      version: event.Version,
      runtimeStatus: "Pending",
      input,
      output: null,
      customStatus: null,
      createdMs: nowMs,
      lastUpdatedMs: nowMs,
      completedMs: null,
      parentInstanceId: parent.OrchestrationInstance.InstanceId,
      parent,
      generation: null,
    };
  }

  async #fail(parent: ParentRef, text: string): Promise<void> {
    await this.#deliver(
      parent,
      taskFailed(
        "child",
        parent.TaskScheduleId,
        { reason: text, details: "", failureDetails: null },
        this.#engine.options.clock.now(),
      ),
    );
  }

  async #deliver(parent: ParentRef, event: Message["event"]): Promise<void> {
    const { InstanceId, ExecutionId } = parent.OrchestrationInstance;
    const session = await this.#engine.session(InstanceId);
    if (session) this.#engine.deliver(session, { event, executionId: ExecutionId });
  }
}

function parentRef(instance: StoredInstance, taskId: number): ParentRef {
  return {
    Name: instance.name,
    Version: instance.version,
    OrchestrationInstance: { InstanceId: instance.instanceId, ExecutionId: instance.executionId },
    TaskScheduleId: taskId,
  };
}

function isSameTask(a: ParentRef | null, b: ParentRef): boolean {
  return (
    a?.TaskScheduleId === b.TaskScheduleId &&
    a.OrchestrationInstance.InstanceId === b.OrchestrationInstance.InstanceId &&
    a.OrchestrationInstance.ExecutionId === b.OrchestrationInstance.ExecutionId
  );
}

/** The message of the child's error, taken from the text in its instance row. */
function originalError(name: string, output: string | null): string | null {
  const prefix = `Orchestrator function '${name}' failed: `;
  return output?.startsWith(prefix) ? output.slice(prefix.length) : output;
}
