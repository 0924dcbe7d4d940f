/**
 * The ids of an execution's orchestrations. Each is derived from the execution's id, so that the execution's id is
 * enough to find all of them. Ids of stages and items have no characters that a hub refuses.
 */
import { chunksOf } from "../../domain/chunks.js";

/**
 * The items of one orchestration. More items are split into slices, each a child orchestration. The steps of a slice
 * must fit into one custom status, and its batches into a history that replays quickly, even when no two items share
 * a batch.
 */
const SLICE_SIZE = 16;

/** Splits items into slices. One slice means that no split is needed. */
export const slicesOf = <T>(items: readonly T[]): T[][] => chunksOf(items, SLICE_SIZE);

export const stageInstanceId = (executionId: string, stage: string): string => `${executionId}:${stage}`;

export const sliceInstanceId = (executionId: string, stage: string, slice: number): string =>
  `${executionId}:${stage}:slice:${slice}`;

/** The ids of the orchestrations that may run a stage of that many items: the stage's own, and those of its slices. */
export function batchInstanceIds(executionId: string, stage: string, items: number): string[] {
  const slices = items > SLICE_SIZE ? Math.ceil(items / SLICE_SIZE) : 0;
  const ids = Array.from({ length: slices }, (_, at) => sliceInstanceId(executionId, stage, at + 1));
  return [stageInstanceId(executionId, stage), ...ids];
}
