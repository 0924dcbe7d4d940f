import type { Verb } from "../domain/vocabulary.js";
import { STEP_TITLES } from "./catalogue.js";

/** The steps of an execution as a whole. A step's id is its name, or `name/which` where there are several. */
const PLAN_STEPS = {
  prerequisites: "Check prerequisites",
  "test-network": "Create the test network",
  shutdown: "Shut the sources down",
  "choose-recovery-point": "Choose the recovery points",
  groups: "Start the group",
  action: "Run the action",
  "call-back": "Await the call-back of the action",
  approval: "Await the approval",
  ask: "Ask what to do about a failure",
  validation: "Await validation",
  undo: "Undo what was done",
  restore: "Start the sources of items again that could not go",
  commit: "Commit",
  reprotect: "Reprotect",
  "remove-test-copies": "Remove the test copies",
  "remove-test-network": "Remove the test network",
  "verify-no-leftovers": "Verify that nothing is left",
};

export const PREREQUISITES_STEP = "prerequisites";
export const WAY_HOME_STEP = `${PREREQUISITES_STEP}/way-home`;
export const VALIDATION_STEP = "validation";
export const UNDO_STEP = "undo";
export const RESTORE_STEP = "restore";
export const SHUTDOWN_STEP = "shutdown";
export const COMMIT_STEP = "commit";
export const REPROTECT_STEP = "reprotect";
export const TEST_NETWORK_STEP = "test-network";
export const REMOVE_NETWORKS_STEP = "remove-test-network";
export const REMOVE_COPIES_STEP = "remove-test-copies";
/** The one stage of verbs that go through their items in no order. */
export const ITEMS_STEP = "items";

/** The question what to do about a failure; an execution counts its questions. */
export const askStepId = (ask: number): string => `ask/${ask}`;
export const isAskStep = (stepId: string): boolean => stepId.startsWith("ask/");

/** An action that runs again because somebody answered `retry` is asked for once more. */
export const actionStepId = (actionId: string, ask = 1): string =>
  ask === 1 ? `action/${actionId}` : `action/${actionId}/${ask}`;
/** The wait for the call-back of a webhook that answered 202. */
export const callBackStepId = (actionId: string, ask: number): string => `call-back/${actionId}/${ask}`;
/** The action that a step runs or awaits, and the how-manieth time; undefined for other steps. */
export function actionOfStep(
  stepId: string,
): { kind: "action" | "call-back"; actionId: string; ask: number } | undefined {
  const [kind, actionId, ask = "1"] = stepId.split("/");
  return actionId !== undefined && (kind === "action" || kind === "call-back")
    ? { kind, actionId, ask: Number(ask) }
    : undefined;
}
/** One ask for an approval; it is asked for again in the next round when it became void. */
export const approvalStepId = (requirementId: string, round: number): string => `approval/${requirementId}/${round}`;
/** The approval that a step awaits; undefined for other steps. */
export function approvalOfStep(stepId: string): { requirementId: string; round: number } | undefined {
  const [kind, requirementId, round] = stepId.split("/");
  return kind === "approval" && requirementId !== undefined ? { requirementId, round: Number(round) } : undefined;
}
export const groupStepId = (groupId: string): string => `groups/${groupId}`;
export const groupCheckStepId = (groupId: string): string => `${PREREQUISITES_STEP}/${groupId}`;
export const pointsStepId = (groupId: string): string => `choose-recovery-point/${groupId}`;

// Stages: parts of an execution that run an item workflow, each as a child orchestration.

/** The stage that makes points of what a group has received. */
export const pointsStage = (groupId: string): string => `points-${groupId}`;
export const groupStage = (groupId: string): string => `group-${groupId}`;
/** The stage that runs failed items again after a question was answered with `retry`. */
export const retryStage = (ask: number, stage: string): string => `retry-${ask}-${stage}`;
export const shutdownStage = (groupId: string): string => `${SHUTDOWN_STEP}-${groupId}`;

const ITEMS_TITLES: Partial<Record<Verb, string>> = {
  commit: "Delete the recovery points",
  "cancel-failover": "Restore protection",
  "change-recovery-point": "Start from the new points",
  reprotect: "Reverse replication",
  "promote-test": "Promote the test copies",
  "disable-replication": "Disable replication and clean up",
  "enable-replication": "Replicate for the first time",
  resynchronise: "Resynchronise",
};

const TITLES: ReadonlyMap<string, string> = new Map([...Object.entries(PLAN_STEPS), ...STEP_TITLES]);

/** A step's name for people; a step without a row is shown by its id. */
export function stepTitle(verb: Verb, id: string): string {
  const [name = id] = id.split("/");
  if (name === ITEMS_STEP) return ITEMS_TITLES[verb] ?? "Process the items";
  return TITLES.get(name) ?? id;
}
