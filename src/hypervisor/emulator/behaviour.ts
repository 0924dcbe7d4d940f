import type { ErrorCode } from "../../domain/errors.js";
import type { Params } from "./state.js";

/** Why an operation is refused. */
export interface Refusal {
  code: ErrorCode;
  message: string;
}

/** When and for whom an operation takes effect. */
export interface Effect {
  atMs: number;
  /** When it was begun: a point that was there then stays usable, though retention may end meanwhile. */
  beganMs: number;
  executionId: string;
  params: Params;
}

/** What one operation does to a subject's state: refuse, or change it and answer. Pure. */
export interface Behaviour<S, R> {
  refuses?: (state: S, effect: Effect) => Refusal | null;
  apply: (state: S, effect: Effect) => { state: S; result: R };
}

export const refuse = (code: ErrorCode, message: string): Refusal => ({ code, message });
