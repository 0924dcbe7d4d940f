import { END_COMMIT_TIMER } from "./commit-timer.js";
import { ADVANCE_DRILL } from "./drills/advance.js";

/** Activities by their contracts that are commands by what they do: they start executions, and only commands do that. */
export const STARTING_ACTIVITIES = [END_COMMIT_TIMER, ADVANCE_DRILL] as const;
