import { BROKEN_ESTATE } from "./estate-mutants.js";
import { BROKEN_RECORDS } from "./record-mutants.js";
import { BROKEN_STORIES } from "./orchestration-mutants.js";
import type { Mutant } from "./mutant.js";

/** One broken product for each invariant. */
export const MUTANTS: readonly Mutant[] = [...BROKEN_ESTATE, ...BROKEN_RECORDS, ...BROKEN_STORIES];
