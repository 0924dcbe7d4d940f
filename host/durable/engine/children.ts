import type { ParentRef, SubOrchestrationCreatedEvent } from "../history.js";
import type { StoredInstance } from "../store/port.js";
import { TERMINAL_STATUSES } from "../task-hub.js";
import type { Episode } from "./decisions.js";
import type { EngineCore } from "./engine-core.js";
import { taskCompleted, taskFailed } from "./events.js";
import type { Session } from "./session.js";

type Outcome = NonNullable<Episode["ended"]>;

/** Starts sub-orchestrations and tells parents how they ended. Both may be repeated after a crash without harm. */
export class Children {
  readonly #engine: EngineCore;

  constructor(engine: EngineCore) {
    this.#engine = engine;
  }

  /** Starts the child that `event` records, or finds out how it ended when it was started before. */
  async start(session: Session, event: SubOrchestrationCreatedEvent, input: string | null): Promise<void> {
    const parent = parentRef(session.instance, event.EventId);
    const refusal = this.#refusal(session, event.InstanceId);
    if (refusal) return this.#fail(parent, refusal);
    const child = this.#childOf(parent, event, input);
    const existing = await this.#engine.options.store.createInstance(child);
    if (!existing) {
      this.#engine.begin(child);
      return;
    }
    if (sameParent(existing.parent, parent)) return this.#startedBefore(existing);
    if (!TERMINAL_STATUSES.has(await this.#statusOf(existing))) {
      return this.#fail(
        parent,
        `An orchestration instance with the id '${event.InstanceId}' is running already. Give the child another id, or wait for that instance to end.`,
      );
    }
    await this.#engine.projection.flush();
    await this.#engine.options.store.replaceInstance(child);
    this.#engine.begin(child);
  }

  /** Tells the parent, if there is one, how its child ended. */
  async reportEnd(child: StoredInstance, outcome: Outcome): Promise<void> {
    if (child.parent) await this.#tell(child.parent, child.name, outcome);
  }

  async #startedBefore(child: StoredInstance): Promise<void> {
    const running = await this.#engine.session(child.instanceId);
    if (running) return;
    const ended =
      this.#engine.projection.pending(child.instanceId) ??
      (await this.#engine.options.store.readInstance(child.instanceId)) ??
      child;
    const { runtimeStatus: status, output } = ended;
    if (status !== "Completed" && status !== "Failed" && status !== "Terminated") return;
    await this.reportEnd(ended, { status, output, error: errorIn(ended.name, output) });
  }

  async #statusOf(existing: StoredInstance): Promise<StoredInstance["runtimeStatus"]> {
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
      ? "An id that begins with '@' belongs to an entity; a sub-orchestration cannot have it."
      : undefined;
  }

  #childOf(parent: ParentRef, event: SubOrchestrationCreatedEvent, input: string | null): StoredInstance {
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

  async #tell(parent: ParentRef, childName: string, outcome: Outcome): Promise<void> {
    const nowMs = this.#engine.options.clock.now();
    const taskId = parent.TaskScheduleId;
    if (outcome.status === "Completed") {
      await this.#deliver(parent, taskCompleted("child", taskId, outcome.output, nowMs));
      return;
    }
    const reason = outcome.output ?? `Orchestrator function '${childName}' was terminated.`;
    const details = outcome.status === "Failed" ? `Message: ${outcome.error ?? ""}, StackTrace: ` : "";
    await this.#deliver(parent, taskFailed("child", taskId, { reason, details, failureDetails: null }, nowMs));
  }

  async #deliver(parent: ParentRef, event: Parameters<EngineCore["deliver"]>[1]["event"]): Promise<void> {
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

function sameParent(a: ParentRef | null, b: ParentRef): boolean {
  return (
    a?.TaskScheduleId === b.TaskScheduleId &&
    a.OrchestrationInstance.InstanceId === b.OrchestrationInstance.InstanceId &&
    a.OrchestrationInstance.ExecutionId === b.OrchestrationInstance.ExecutionId
  );
}

/** The child's own message, out of the text that its instance row keeps. */
function errorIn(name: string, output: string | null): string | null {
  const prefix = `Orchestrator function '${name}' failed: `;
  return output?.startsWith(prefix) ? output.slice(prefix.length) : output;
}
