import { type ErrorEntry, entry } from "../error-entry.js";

/** Errors about people who steer an execution. */
export const STEERING_ERRORS = {
  skipped: entry(
    409,
    false,
    "A person skipped the step",
    "Somebody decided that the execution goes on without the step.",
    "Read the execution: it shows who skipped which step, and why. Check by hand what the step would have done.",
  ),
  steered: entry(
    409,
    true,
    "Somebody steered the execution",
    "The workflow has to read how it was steered before it begins its next step.",
    "Nothing: the workflow reads it and goes on.",
  ),
  "steering-refused": entry(
    409,
    false,
    "The execution cannot be steered like this now",
    "The execution is at another place, or its verb does not have this.",
    "Do what the details say. The `allowedActions` of the execution show what is possible now.",
  ),
} as const satisfies Record<string, ErrorEntry>;
