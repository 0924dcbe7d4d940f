/** The steps of an execution's own story, and the stages in which it tells stories of its items. */

export const VALIDATION_STEP = "validation";
export const UNDO_STEP = "undo";
export const SHUTDOWN_STEP = "shutdown";
export const ITEMS_STEP = "items";
export const COMMIT_STEP = "commit";
export const REPROTECT_STEP = "reprotect";
export const NETWORKS_STEP = "remove-test-network";
export const TEST_COPIES_STEP = "remove-test-copies";

/** The question what to do about a failure; an execution counts its questions. */
export const askStepId = (ask: number): string => `ask/${ask}`;
export const isAskStep = (stepId: string): boolean => stepId.startsWith("ask/");

export const actionStepId = (actionId: string): string => `action/${actionId}`;
export const groupStepId = (groupId: string): string => `groups/${groupId}`;
export const pointsStepId = (groupId: string): string => `choose-recovery-point/${groupId}`;

export const groupStage = (groupId: string): string => `group-${groupId}`;
/** The stage in which what failed is told again after a question. */
export const retryStage = (ask: number, stage: string): string => `retry-${ask}-${stage}`;
export const shutdownStage = (groupId: string): string => `${SHUTDOWN_STEP}-${groupId}`;
