/** One side of a function: its trigger, an input or an output, exactly as the app registered it. */
export interface Binding {
  type: string;
  direction: "in" | "out" | "inout";
  name: string;
  [property: string]: unknown;
}

/** A function of the loaded app. `name` keeps its case; look-ups ignore it. */
export interface RegisteredFunction {
  name: string;
  /** The binding whose type ends in "Trigger". */
  trigger: Binding;
  /** Every binding by name, the trigger among them; the return binding is `$return`. */
  bindings: Readonly<Record<string, Binding>>;
  retryOptions?: unknown;
}

/** A value that crosses into or out of user code; exactly one member is set, none for "no value". */
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
  /** Defaults to a fresh GUID. */
  invocationId?: string;
  inputs: { name: string; data: TypedData }[];
  triggerMetadata?: Record<string, TypedData>;
  retryContext?: unknown;
  /** Shown in logs: the orchestration this call belongs to. */
  instanceId?: string;
  /**
   * Replaces the trigger's value after the library has parsed `inputs`. Lets the durable engine hand over
   * objects instead of JSON text, which halves the cost of a replay.
   */
  triggerValue?: unknown;
  /** Gives back what the function returned as `value`, not encoded: an orchestrator's answer grows with its history. */
  asValue?: boolean;
}

export interface InvocationResult {
  returnValue?: TypedData | null;
  /** What the function returned, as it is; only set when asked for. */
  value?: unknown;
  outputData: { name: string; data: TypedData }[];
}

/**
 * A loaded Functions app, and the only way to run its code.
 *
 * `invoke` runs hooks and handler and gives back what they answered; it rejects with the user's own error
 * (an `Error`, other thrown values being wrapped) when they throw.
 */
export interface FunctionApp {
  readonly functions: readonly RegisteredFunction[];
  find(name: string): RegisteredFunction | undefined;
  invoke(fn: RegisteredFunction, request: InvocationRequest): Promise<InvocationResult>;
}
