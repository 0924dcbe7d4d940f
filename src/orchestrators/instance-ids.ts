/**
 * The ids of an execution's orchestrations. Each is derived from the execution's id, so that whoever knows that one
 * can look at them all; ids of stages and items have no characters that a hub refuses.
 */

/**
 * Items whose stories one orchestration tells; more are cut into slices, each a child of its own. Their steps have
 * to fit into one custom status, and their rounds into a history that is quick to replay, also when each comes to its
 * turns by itself.
 */
const SLICE = 16;

/** Items in slices of an orchestration's width; one slice means that no cut is needed. */
export function slicesOf<T>(items: readonly T[]): T[][] {
  const slices: T[][] = [];
  for (let from = 0; from < items.length; from += SLICE) slices.push(items.slice(from, from + SLICE));
  return slices;
}

export const stageInstanceId = (executionId: string, stage: string): string => `${executionId}:${stage}`;

export const sliceInstanceId = (executionId: string, stage: string, slice: number): string =>
  `${executionId}:${stage}:slice:${slice}`;

/** The numbers of the slices that a stage of so many items may have; 0 is the stage itself, when it needs no cut. */
export function sliceNumbers(items: number): number[] {
  return Array.from({ length: items > SLICE ? Math.ceil(items / SLICE) + 1 : 1 }, (_, slice) => slice);
}

/** The orchestration that tells of a slice. */
export const tellerInstanceId = (executionId: string, stage: string, slice: number): string =>
  slice === 0 ? stageInstanceId(executionId, stage) : sliceInstanceId(executionId, stage, slice);
