import { verbInForce } from "../../domain/steering/in-force.js";
import type { SteeringOf } from "../../domain/steering/steering.js";
import type { Verb } from "../../domain/vocabulary.js";
import type { ExecutionItem } from "../../executions/contracts.js";

/** What a workflow knows of its steering. */
export class SteeringState {
  /** How much of the record it has taken in. */
  seen = 0;
  /** Something came since. */
  isBehind = false;
  switched: SteeringOf<"switch-to-unplanned"> | undefined;
  /** Failed items that somebody asked to try again. */
  readonly retries = new Map<string, SteeringOf<"retry">>();
  /** Items that an edit took out. */
  readonly takenOut: ExecutionItem[] = [];
  /** Groups that have begun. */
  readonly begun = new Set<string>();

  /** Takes in what an answer says: how often the workflow was steered. */
  hear(revision = 0): void {
    if (revision > this.seen) this.isBehind = true;
  }

  /** The verb whose rules the execution follows now. */
  verbInForce(verb: Verb): Verb {
    return verbInForce({ verb, steering: this.switched === undefined ? [] : [this.switched] });
  }
}
