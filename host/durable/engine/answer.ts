/**
 * The answer of an orchestrator function: every action since the beginning of the execution, in program order, and
 * whether the function has ended. The shapes are those of `durable-functions` 3.5 (schema V4).
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
  /** The return value as JSON text; null when there is none. */
  output: string | null;
  /** The message of the error that the orchestrator threw. */
  error?: string;
  /** JSON text; null when none is set. */
  customStatus: string | null;
  /** The orchestrator threw a value without a message, which the package does not report. */
  silentThrow: boolean;
}

interface WireAnswer {
  isDone: boolean;
  actions: OrchestratorAction[][];
  output?: unknown;
  error?: string;
  customStatus?: unknown;
}

/** The package reports an error of user code as JSON after this text. */
const FAILURE_LABEL = "$OutOfProcData$:";

/** Reads the return value of an orchestrator function. Inputs stay values; only those of new actions become JSON text. */
export function readAnswer(returned: unknown): OrchestratorAnswer {
  return fromWire(returned as WireAnswer, false);
}

/** Reads the answer from the error of a failing orchestrator; undefined when the error has none. */
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
