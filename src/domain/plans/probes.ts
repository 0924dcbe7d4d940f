import { z } from "zod";
import { Id } from "../text.js";

const Port = z.int().min(1).max(65_535);

/** The time limit of a probe, and its interval at first, in emulated time. */
const limits = {
  timeLimitSeconds: z.int().min(1).max(86_400).default(600),
  everySeconds: z.int().min(1).max(3_600).default(15),
};

/** A test that a machine must pass before its group counts as started. */
export const Probe = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("power"), ...limits }),
  z.strictObject({ kind: z.literal("heartbeat"), ...limits }),
  z.strictObject({ kind: z.literal("tcp"), port: Port, ...limits }),
  z.strictObject({
    kind: z.literal("http"),
    port: Port.default(80),
    path: z
      .string()
      .regex(/^\/[^\s]*$/, "begin with / and use no spaces")
      .max(500),
    /** The expected status. */
    status: z.int().min(100).max(599).default(200),
    ...limits,
  }),
  z.strictObject({
    kind: z.literal("script"),
    name: Id,
    /** Text that the output must contain. By default, exit code 0 is enough. */
    prints: z.string().max(500).optional(),
    ...limits,
  }),
]);
export type Probe = z.infer<typeof Probe>;

/** Emulated seconds from the start of a machine until it answers; null if it never does. */
const afterSeconds = z.int().min(0).max(86_400).nullable().default(30);

/** A service on a port of a machine, with its pages. */
export const MachineService = z.strictObject({
  port: Port,
  afterSeconds,
  pages: z
    .array(z.strictObject({ path: z.string().min(1).max(500), status: z.int().min(100).max(599).default(200) }))
    .max(50)
    .default([]),
});

/** A script on a machine, with its result. */
export const MachineScript = z.strictObject({
  name: Id,
  afterSeconds,
  exitCode: z.int().min(0).max(255).default(0),
  output: z.string().max(500).default(""),
});

/** The part of a machine that answers probes. */
export const machineAnswers = {
  services: z.array(MachineService).max(50).default([]),
  scripts: z.array(MachineScript).max(50).default([]),
} as const;

/** What is observed of a started copy. */
export interface Observation {
  name: string;
  power: "on" | "off";
  heartbeat: "ok" | "none";
  /** Emulated seconds since it was started. */
  upSeconds: number;
  services: { port: number; pages: { path: string; status: number }[] }[];
  scripts: { name: string; exitCode: number; output: string }[];
}

/** Whether a probe passes, and what was observed. */
export interface ProbeAnswer {
  passed: boolean;
  saw: string;
}

const answer = (passed: boolean, saw: string): ProbeAnswer => ({ passed, saw });

/** Evaluates a probe on an observation. Pure: the caller observes and waits. */
export function evaluateProbe(probe: Probe, seen: Observation): ProbeAnswer {
  if (seen.power === "off") return answer(false, "the machine is off");
  switch (probe.kind) {
    case "power":
      return answer(true, "the machine is on");
    case "heartbeat":
      return answer(seen.heartbeat === "ok", seen.heartbeat === "ok" ? "the heartbeat is ok" : "there is no heartbeat");
    case "tcp": {
      const open = seen.services.some(({ port }) => port === probe.port);
      return answer(open, `port ${probe.port} ${open ? "answers" : "does not answer"}`);
    }
    case "http":
      return evaluatePage(probe, seen);
    case "script":
      return evaluateScript(probe, seen);
  }
}

function evaluatePage(probe: Extract<Probe, { kind: "http" }>, { services }: Observation): ProbeAnswer {
  const service = services.find(({ port }) => port === probe.port);
  if (service === undefined) return answer(false, `port ${probe.port} does not answer`);
  const status = service.pages.find(({ path }) => path === probe.path)?.status ?? 404;
  return answer(status === probe.status, `${probe.path} on port ${probe.port} answers ${status}`);
}

function evaluateScript(probe: Extract<Probe, { kind: "script" }>, { scripts }: Observation): ProbeAnswer {
  const script = scripts.find(({ name }) => name === probe.name);
  if (script === undefined) return answer(false, `the machine has no script ${probe.name}`);
  const ended = `script ${probe.name} ended with ${script.exitCode}`;
  if (script.exitCode !== 0) return answer(false, ended);
  if (probe.prints === undefined || script.output.includes(probe.prints)) return answer(true, ended);
  return answer(false, `script ${probe.name} did not print "${probe.prints}"`);
}

/** The result of all probes of a machine: passed, to be repeated after some emulated seconds, or too late. */
export type GateAnswer =
  | { state: "open"; saw: string }
  | { state: "waiting"; againSeconds: number; saw: string }
  | { state: "failed"; because: string };

/**
 * A machine that has not answered for long is observed again after a tenth of that time: its answer is seen soon enough,
 * and a day of waiting is a hundred observations in the history instead of one every few seconds.
 */
const AGAIN_SHARE = 0.1;

/** Evaluates all probes of a machine. It fails as soon as one probe is past its time limit. */
export function evaluateGate(probes: readonly Probe[], seen: Observation): GateAnswer {
  const answers = probes.map((probe) => ({ probe, ...evaluateProbe(probe, seen) }));
  const open = answers.filter(({ passed }) => !passed);
  if (open.length === 0) return { state: "open", saw: answers.map(({ saw }) => saw).join("; ") };
  const saw = open.map((one) => one.saw).join("; ");
  const late = open.find(({ probe }) => seen.upSeconds >= probe.timeLimitSeconds);
  if (late !== undefined) {
    return { state: "failed", because: `${seen.name}: ${late.saw} within ${late.probe.timeLimitSeconds} s` };
  }
  const againSeconds = Math.min(
    ...open.flatMap(({ probe: { everySeconds, timeLimitSeconds } }) => [
      Math.max(everySeconds, Math.floor(seen.upSeconds * AGAIN_SHARE)),
      Math.max(1, timeLimitSeconds - seen.upSeconds),
    ]),
  );
  return { state: "waiting", againSeconds, saw };
}
