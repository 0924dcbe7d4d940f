/**
 * Who can end a wait, by the rights that its call needs and by what the plan says.
 *
 * - W1 Every row of `awaits` names people or roles. (test/unit/commands/who-can-end.test.ts, and over HTTP the e2e tests of
 *   each kind)
 * - W2 A role is named if and only if the check in front of the call's route would let it through. (the same)
 */

import { isSamePerson } from "../domain/access/person.js";
import { type Right, type Role, rolesWith } from "../domain/access/roles.js";
import type { Approval } from "../domain/approvals/approval.js";
import { allApprovers } from "../domain/approvals/ask.js";
import { approversAt } from "../domain/approvals/decide.js";
import type { Verb } from "../domain/vocabulary.js";
import { rightOfVerb } from "./authorise.js";

/** Who can end a wait, and who has decided already. */
export interface Who {
  /** Everybody named needs it, on the plan of the execution. */
  right: Right;
  people: string[];
  roles: Role[];
  /** Whoever may not, whatever their roles. */
  except: string[];
  /** How many people it takes. */
  needed: number;
  decided: string[];
}

/** Anybody with the right of the verb, as the routes that answer an execution have it. */
export function whoCanAnswer(verb: Verb): Who {
  const right = rightOfVerb(verb);
  return { right, people: [], roles: rolesWith(right), except: [], needed: 1, decided: [] };
}

/** Those whom the requirement names, without whoever is excluded. */
export function whoCanApprove(approval: Approval, nowMs: number): Who {
  const { people, roles } = allApprovers(approversAt(approval, nowMs));
  const except = approval.content.excluded.map(({ person }) => person);
  return {
    right: "approve",
    people: people.filter((person) => !except.some((one) => isSamePerson(one, person))),
    roles,
    except: [...new Set(except)],
    needed: approval.content.needed,
    decided: approval.decisions.map(({ person }) => person),
  };
}
