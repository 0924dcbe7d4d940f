/** The steps of an ended execution are stored in parts: one for its own steps, and one for each slice of a stage. */

export const EXECUTION_PART = "execution";

export const itemsPart = (stage: string, slice: number): string => `${stage}/${slice}`;

/** The stage that a part belongs to; undefined for the execution's own. */
export const stageOfPart = (part: string): string | undefined => /^(.+)\/\d+$/.exec(part)?.[1];
