/**
 * The ids of an execution's orchestrations. Each is derived from the execution's id, so that the execution's id is
 * enough to find all of them. Ids of stages and items have no characters that a hub refuses.
 */

/**
 * The items of one orchestration. More items are split into slices, each a child orchestration. The steps of a slice
 * must fit into one custom status, and its batches into a history that replays quickly, even when no two items share
 * a batch.
 */
const SLICE_SIZE = 16;

/** Splits items into slices. One slice means that no split is needed. */
export function slicesOf<T>(items: readonly T[]): T[][] {
  const slices: T[][] = [];
  for (let from = 0; from < items.length; from += SLICE_SIZE) slices.push(items.slice(from, from + SLICE_SIZE));
  return slices;
}

export const stageInstanceId = (executionId: string, stage: string): string => `${executionId}:${stage}`;

export const sliceInstanceId = (executionId: string, stage: string, slice: number): string =>
  `${executionId}:${stage}:slice:${slice}`;

/** The ids of the orchestrations that may run a stage of that many items: the stage's own, and those of its slices. */
export function batchInstanceIds(executionId: string, stage: string, items: number): string[] {
  const slices = items > SLICE_SIZE ? Math.ceil(items / SLICE_SIZE) : 0;
  const ids = Array.from({ length: slices }, (_, at) => sliceInstanceId(executionId, stage, at + 1));
  return [stageInstanceId(executionId, stage), ...ids];
}
