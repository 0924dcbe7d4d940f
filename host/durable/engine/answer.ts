/**
 * What an orchestrator function answers: every action since the beginning of the execution, in program order,
 * and whether it has ended. Shapes are those of `durable-functions` 3.5 (schema V4).
 */
export const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  CallEntity: 7,
  CallHttp: 8,
  SignalEntity: 9,
  ScheduledSignalEntity: 10,
  WhenAny: 11,
  WhenAll: 12,
  LockEntities: 13,
  ReleaseEntities: 14,
} as const;

export interface RetryOptions {
  firstRetryIntervalInMilliseconds: number;
  maxNumberOfAttempts: number;
  backoffCoefficient?: number;
  maxRetryIntervalInMilliseconds?: number;
  retryTimeoutInMilliseconds?: number;
}

export type OrchestratorAction =
  | { actionType: 0; functionName: string; input?: unknown }
  | { actionType: 1; functionName: string; input?: unknown; retryOptions: RetryOptions }
  | { actionType: 2; functionName: string; instanceId?: string; input?: unknown; version?: string }
  | {
      actionType: 3;
      functionName: string;
      instanceId?: string;
      input?: unknown;
      version?: string;
      retryOptions: RetryOptions;
    }
  | { actionType: 4; input?: unknown }
  | { actionType: 5; fireAt: Date | string; isCanceled: boolean }
  | { actionType: 6; externalEventName: string }
  | { actionType: 7 | 8 | 9 | 10 | 13 | 14 }
  | { actionType: 11 | 12; compoundActions: OrchestratorAction[] };

export interface OrchestratorAnswer {
  isDone: boolean;
  actions: OrchestratorAction[];
  /** JSON text of what the orchestrator returned; null for nothing. */
  output: string | null;
  /** The user's message when the orchestrator threw. */
  error?: string;
  /** JSON text, null when none is set. */
  customStatus: string | null;
  /** True when the orchestrator threw something without a message: nobody will ever hear of it. */
  silentThrow: boolean;
}

interface WireAnswer {
  isDone: boolean;
  actions: OrchestratorAction[][];
  output?: unknown;
  error?: string;
  customStatus?: unknown;
}

/** The text in front of the JSON with which the package reports that user code threw. */
const FAILURE_LABEL = "$OutOfProcData$:";

/** Reads what an orchestrator function returned. The actions are taken as they are: their inputs become text when they are new. */
export function readAnswer(returned: unknown): OrchestratorAnswer {
  return fromWire(returned as WireAnswer, false);
}

/** Reads the answer out of the error with which a failing orchestrator ends; undefined when it holds none. */
export function readFailedAnswer(error: unknown): OrchestratorAnswer | undefined {
  const text = error instanceof Error ? error.message : String(error);
  const at = text.indexOf(FAILURE_LABEL);
  if (at < 0) return undefined;
  return fromWire(JSON.parse(text.slice(at + FAILURE_LABEL.length)) as WireAnswer, true);
}

function fromWire(wire: WireAnswer, threw: boolean): OrchestratorAnswer {
  return {
    isDone: wire.isDone,
    actions: wire.actions[0] ?? [],
    output: JSON.stringify(wire.output) ?? null,
    ...(wire.error === undefined ? {} : { error: wire.error }),
    customStatus: JSON.stringify(wire.customStatus) ?? null,
    silentThrow: threw && wire.error === undefined,
  };
}
