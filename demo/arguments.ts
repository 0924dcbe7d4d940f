import { parseArgs } from "node:util";

export const USAGE = `Usage: npm run demo -- [options]

  --stay          leave the host running afterwards
  --world FILE    your own world in YAML or JSON (with --plan)
  --plan FILE     your own plan in YAML or JSON (with --world)
  --speed N       emulated seconds per real second (default 240)
  --help          show this text
`;

/** What the demo was asked to do. */
export interface Arguments {
  readonly stay: boolean;
  readonly worldFile: string | undefined;
  readonly planFile: string | undefined;
  readonly speed: number;
  readonly help: boolean;
}

/** A mistake of the caller, told in one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function readArguments(args: string[]): Arguments {
  const { stay, world, plan, speed, help } = parse(args);
  if ((world === undefined) !== (plan === undefined)) {
    throw new UsageError("--world and --plan go together: a plan is about the machines of its world.");
  }
  const perSecond = Number(speed);
  if (!(perSecond > 0 && perSecond <= 100_000))
    throw new UsageError(`--speed is a number above 0 and at most 100000, not "${speed}".`);
  return { stay, worldFile: world, planFile: plan, speed: perSecond, help };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        stay: { type: "boolean", default: false },
        world: { type: "string" },
        plan: { type: "string" },
        speed: { type: "string", default: "240" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.replace(/\.?$/, ".")} Run with --help for the options.`);
  }
}
