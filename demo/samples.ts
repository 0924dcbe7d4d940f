import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { ExecutionOptions } from "../src/domain/execution.js";
import { Address, Id, Text } from "../src/domain/text.js";
import { Verb } from "../src/domain/vocabulary.js";
import { UsageError } from "./arguments.js";

/** The decisions of a person on the way there and back. The rest follows from what the API allows. */
export const Journey = z.strictObject({
  /** How the workload goes to the other site. */
  there: z.enum(["planned-failover", "unplanned-failover"]),
  /** Deployed when a verb needs a process server that is missing. */
  processServer: z.strictObject({ siteId: Id, processServerId: Id, networkId: Id, subnet: Id, ip: Address }).optional(),
  /** The options of each verb. */
  options: z.partialRecord(Verb, ExecutionOptions).default({}),
});
export type Journey = z.infer<typeof Journey>;

/** A world, a plan over it, and the journey there and back. */
export interface Sample {
  readonly worldFile: string;
  readonly planFile: string;
  readonly journey: Journey;
}

/** The names of the folder's samples, in alphabetical order. */
export async function sampleNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** A line for each sample: its name, and the description of its plan. */
export async function sampleList(folder: string): Promise<string> {
  const names = await sampleNames(folder);
  const width = Math.max(...names.map(({ length }) => length));
  const lines = await Promise.all(
    names.map(async (name) => {
      const { description } = z
        .object({ description: Text.default("") })
        .parse(await readDocument(join(folder, name, "plan.yaml")));
      return `  ${name.padEnd(width)}  ${description}`;
    }),
  );
  return lines.join("\n");
}

/** Finds a sample by name. Throws a `UsageError` that lists the names when there is none. */
export async function findSample(folder: string, name: string): Promise<Sample> {
  if (!(await sampleNames(folder)).includes(name)) {
    throw new UsageError(`There is no sample "${name}". These are there:\n\n${await sampleList(folder)}`);
  }
  const file = (part: string): string => join(folder, name, `${part}.yaml`);
  const journey = readJourney(file("journey"), await readDocument(file("journey")));
  return { worldFile: file("world"), planFile: file("plan"), journey };
}

function readJourney(file: string, document: unknown): Journey {
  const parsed = Journey.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} is not a journey. ${z.prettifyError(parsed.error)}`);
}

/** Reads YAML or JSON. Throws a `UsageError` that says why a file can not be read. */
export async function readDocument(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, "utf8"), { prettyErrors: true }) as unknown;
  } catch (error) {
    const why = (error as Error).message.split("\n", 1)[0]?.replace(/:$/, "");
    throw new UsageError(`${file} can not be read: ${why}.`);
  }
}
