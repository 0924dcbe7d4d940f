import { parseArgs } from "node:util";

/** One way is slow enough to watch; there and back is fast enough to wait for. */
const SPEED = { oneWay: 240, thereAndBack: 900 } as const;

export const USAGE = `Usage: npm run demo -- [name] [options]

Without a name the shop goes to the other site and stays there. A sample with a name goes there and back.

  --list          list the samples
  --stay          leave the host running afterwards
  --world FILE    your own world in YAML or JSON (with --plan)
  --plan FILE     your own plan in YAML or JSON (with --world)
  --speed N       emulated seconds per real second (default ${SPEED.oneWay}, there and back ${SPEED.thereAndBack})
  --help          show this text
`;

/** What the demo was asked to do. */
export interface Arguments {
  /** The sample to play; missing plays the shop, or the caller's own files. */
  readonly sample: string | undefined;
  readonly list: boolean;
  readonly stay: boolean;
  readonly worldFile: string | undefined;
  readonly planFile: string | undefined;
  readonly speed: number;
  readonly help: boolean;
}

/** A mistake of the caller, described in one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function readArguments(args: string[]): Arguments {
  const { values, positionals } = parse(args);
  const { list, stay, world, plan, speed, help } = values;
  const [sample, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`One sample at a time: "${more.join(" ")}" is one too many.`);
  if ((world === undefined) !== (plan === undefined)) {
    throw new UsageError("--world and --plan go together: a plan is about the machines of its world.");
  }
  if (sample !== undefined && world !== undefined) {
    throw new UsageError("A sample has its own world and plan: give either a name, or --world and --plan.");
  }
  const asked = speed ?? (sample === undefined ? SPEED.oneWay : SPEED.thereAndBack);
  const perSecond = Number(asked);
  if (!(perSecond > 0 && perSecond <= 100_000))
    throw new UsageError(`--speed is a number above 0 and at most 100000, not "${asked}".`);
  return { sample, list, stay, worldFile: world, planFile: plan, speed: perSecond, help };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        list: { type: "boolean", default: false },
        stay: { type: "boolean", default: false },
        world: { type: "string" },
        plan: { type: "string" },
        speed: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    const [what] = (error as Error).message.split(". ", 1);
    throw new UsageError(`${what?.replace(/\.?$/, ".")} Run with --help for the options.`);
  }
}
