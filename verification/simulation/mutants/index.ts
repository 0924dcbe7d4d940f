import { APPROVAL_MUTANTS } from "./approval-mutants.js";
import { ESTATE_MUTANTS } from "./estate-mutants.js";
import type { Mutant } from "./mutant.js";
import { ORCHESTRATION_MUTANTS } from "./orchestration-mutants.js";
import { RECORD_MUTANTS } from "./record-mutants.js";
import { STEERING_MUTANTS } from "./steering-mutants.js";

/** At least one mutant for each invariant. */
export const MUTANTS: readonly Mutant[] = [
  ...ESTATE_MUTANTS,
  ...RECORD_MUTANTS,
  ...ORCHESTRATION_MUTANTS,
  ...APPROVAL_MUTANTS,
  ...STEERING_MUTANTS,
];
