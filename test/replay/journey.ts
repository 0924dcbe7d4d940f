import type { ExecutionOptions } from "../../src/domain/execution.js";
import type { ExecutionStatus, Scenario, Verb } from "../../src/domain/vocabulary.js";
import type { FaultInput } from "../../src/hypervisor/port.js";
import type { Estate } from "../support/estates.js";
import type { Answers } from "../support/execution-driver.js";
import type { VirtualApp } from "../support/virtual-app.js";
import type { Meanwhile } from "./meanwhile.js";

/** What a run of a verb meets, beside what always happens. The label, if there is one, stands in the names of its recordings. */
export interface Circumstance {
  label?: string;
  /** Meets the operations of one item, unless it has another target. */
  fault?: Omit<FaultInput, "target"> & Partial<Pick<FaultInput, "target">>;
  /** Before the start. */
  before?: (app: VirtualApp) => Promise<unknown>;
  /** After the start. */
  meanwhile?: Meanwhile;
  answers?: Answers;
  options?: Partial<ExecutionOptions>;
  /** How the execution ends; `succeeded` when missing. */
  ends?: ExecutionStatus;
}
type Run = readonly [Verb, Circumstance?];

/** Verbs that are run one after the other on one estate. */
export interface Journey {
  scenario: Scenario;
  /** Machines to recover; the three of the scenario's estate when missing. */
  machines?: number;
  plan?: (plan: Estate["plan"]) => Estate["plan"];
  runs: readonly Run[];
}
