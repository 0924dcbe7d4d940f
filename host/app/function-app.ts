/** The trigger, an input or an output of a function, exactly as the app registered it. */
export interface Binding {
  type: string;
  direction: "in" | "out" | "inout";
  name: string;
  [property: string]: unknown;
}

/** A function of the loaded app. `name` keeps its case, but look-ups ignore case. */
export interface RegisteredFunction {
  name: string;
  /** The binding whose type ends in "Trigger". */
  trigger: Binding;
  /** Every binding by name, including the trigger. The return binding is `$return`. */
  bindings: Readonly<Record<string, Binding>>;
  retryOptions?: unknown;
}

/** A value on its way into or out of user code. One member is set, or none for "no value". */
export interface TypedData {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number | string;
  double?: number;
  http?: unknown;
  [kind: string]: unknown;
}

export interface InvocationRequest {
  /** Default: a new GUID. */
  invocationId?: string;
  inputs: { name: string; data: TypedData }[];
  triggerMetadata?: Record<string, TypedData>;
  retryContext?: unknown;
  /** The orchestration that the call belongs to, for the log. */
  instanceId?: string;
  /**
   * Replaces the value of the trigger after the library has parsed `inputs`. The durable engine passes objects in this
   * way instead of JSON text, which halves the cost of a replay.
   */
  triggerValue?: unknown;
  /** Returns the result of the function as `value`, without encoding it: an orchestrator's answer grows with its history. */
  asValue?: boolean;
}

export interface InvocationResult {
  returnValue?: TypedData | null;
  /** The result of the function as it is; only set when `asValue` is set. */
  value?: unknown;
  outputData: { name: string; data: TypedData }[];
}

/**
 * A loaded Functions app, and the only way to run its code. `invoke` runs hooks and handler and resolves with their
 * result. It rejects with the error that user code throws; a thrown value that is not an `Error` is wrapped.
 */
export interface FunctionApp {
  readonly functions: readonly RegisteredFunction[];
  find(name: string): RegisteredFunction | undefined;
  invoke(fn: RegisteredFunction, request: InvocationRequest): Promise<InvocationResult>;
}
