import type { ErrorCode } from "../../domain/errors.js";
import type { Params } from "./state.js";

/** Why an operation is refused. */
export interface TaskRefusal {
  code: ErrorCode;
  message: string;
}

/** The call whose operation takes effect, and when. */
export interface Effect {
  atMs: number;
  /** When the operation began. A recovery point that existed then stays usable, even if its retention ends meanwhile. */
  beganMs: number;
  executionId: string;
  params: Params;
}

/** One operation on the state of an item or site: it refuses, or changes the state and gives a result. Pure. */
export interface Behaviour<S, R> {
  refuses?: (state: S, effect: Effect) => TaskRefusal | null;
  apply: (state: S, effect: Effect) => { state: S; result: R };
}

export const refuse = (code: ErrorCode, message: string): TaskRefusal => ({ code, message });
