import type { Arbitrary } from "fast-check";

/** What a parser made of an input: it took it, or refused it with a reason. */
export type Verdict = "accepted" | "refused";

/** A boundary that takes input from outside. */
export interface Target<I = unknown> {
  readonly name: string;
  /** How many of a million inputs it gets. */
  readonly share: number;
  /** Inputs that JSON can hold, so that one can be printed and kept. */
  readonly inputs: Arbitrary<I>;
  /** Feeds one input. Throws a {@link Violation}, or whatever escaped, when a rule was broken. */
  feed(input: I): Verdict | Promise<Verdict>;
  /** Undoes what accepted inputs left, after each input and outside its time. */
  settle?(): Promise<void>;
  /** Ends what it started. */
  close?(): Promise<void>;
}

/** A rule was broken; the message says which and how. */
export class Violation extends Error {
  override readonly name = "Violation";
}
