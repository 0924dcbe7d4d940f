/**
 * The ids of an execution's orchestrations. Each is derived from the execution's id, so that whoever knows that one
 * can look at them all; ids of stages and items have no characters that a hub refuses.
 */

/** Items that one orchestration fans out to; more are cut into slices, each a child of its own. */
const SLICE = 50;

/** Items in slices of an orchestration's width; one slice means that no cut is needed. */
export function slicesOf<T>(items: readonly T[]): T[][] {
  const slices: T[][] = [];
  for (let from = 0; from < items.length; from += SLICE) slices.push(items.slice(from, from + SLICE));
  return slices;
}

export const stageInstanceId = (executionId: string, stage: string): string => `${executionId}:${stage}`;

export const sliceInstanceId = (executionId: string, stage: string, slice: number): string =>
  `${executionId}:${stage}:slice:${slice}`;

export const itemInstanceId = (executionId: string, stage: string, itemId: string): string =>
  `${executionId}:${stage}:item:${itemId}`;
