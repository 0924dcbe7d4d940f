/**
 * The ids of an execution's orchestrations. Each is derived from the execution's id, so that all of them can be found
 * from it; ids of stages and items have no characters that a hub refuses.
 */

/**
 * Items of one orchestration; more are cut into slices, each a child of its own. The steps of a slice have to fit into
 * one custom status, and its rounds into a history that is quick to replay, even when items never share a round.
 */
const SLICE_SIZE = 16;

/** Items in slices of an orchestration's width; one slice means that no cut is needed. */
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
