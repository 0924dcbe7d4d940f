import { BROKEN_ESTATE } from "./broken-estate.js";
import { BROKEN_RECORDS } from "./broken-records.js";
import { BROKEN_STORIES } from "./broken-stories.js";
import type { Mutant } from "./mutant.js";

/** One broken product for each invariant. */
export const MUTANTS: readonly Mutant[] = [...BROKEN_ESTATE, ...BROKEN_RECORDS, ...BROKEN_STORIES];
