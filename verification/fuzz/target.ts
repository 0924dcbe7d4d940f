import type { Arbitrary } from "fast-check";

/** Whether a parser accepted an input, or refused it with a reason. */
export type Verdict = "accepted" | "refused";

/** A boundary that takes input from outside. */
export interface Target<I = unknown> {
  readonly name: string;
  /** Its share of a million inputs. */
  readonly share: number;
  /** Inputs that JSON can represent, so that they can be printed and kept. */
  readonly inputs: Arbitrary<I>;
  /** Feeds one input. Throws a {@link Violation}, or the error that escaped, when it breaks a rule. */
  feed(input: I): Verdict | Promise<Verdict>;
  /** Undoes what accepted inputs changed. It runs after each input and is not measured. */
  settle?(): Promise<void>;
  /** Ends what the target started. */
  close?(): Promise<void>;
}

/** A broken rule. The message says which rule and how. */
export class Violation extends Error {
  override readonly name = "Violation";
}
