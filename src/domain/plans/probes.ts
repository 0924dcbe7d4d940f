import { z } from "zod";
import { Id } from "../text.js";

const Port = z.int().min(1).max(65_535);

/** How long a probe waits for its answer, and how often it looks; emulated time. */
const limits = {
  timeLimitSeconds: z.int().min(1).max(86_400).default(600),
  everySeconds: z.int().min(1).max(3_600).default(15),
};

/** A gate: what a machine must answer before its group counts as started. */
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
    /** The status that counts as an answer. */
    status: z.int().min(100).max(599).default(200),
    ...limits,
  }),
  z.strictObject({
    kind: z.literal("script"),
    name: Id,
    /** What the script has to print; missing means that its exit code 0 is enough. */
    prints: z.string().max(500).optional(),
    ...limits,
  }),
]);
export type Probe = z.infer<typeof Probe>;

/** Emulated seconds after the start of a machine until something answers; null when it never does. */
const afterSeconds = z.int().min(0).max(86_400).nullable().default(30);

/** What listens on a port of a machine, and the pages it serves. */
export const MachineService = z.strictObject({
  port: Port,
  afterSeconds,
  pages: z
    .array(z.strictObject({ path: z.string().min(1).max(500), status: z.int().min(100).max(599).default(200) }))
    .max(50)
    .default([]),
});

/** A script that a machine can be asked to run, and what comes of it. */
export const MachineScript = z.strictObject({
  name: Id,
  afterSeconds,
  exitCode: z.int().min(0).max(255).default(0),
  output: z.string().max(500).default(""),
});

/** What a machine answers with once it runs, as a part of its description. */
export const machineAnswers = {
  services: z.array(MachineService).max(50).default([]),
  scripts: z.array(MachineScript).max(50).default([]),
} as const;

/** What is seen of a copy that was started. */
export interface Observation {
  name: string;
  power: "on" | "off";
  heartbeat: "ok" | "none";
  /** Emulated seconds since it was started. */
  upSeconds: number;
  services: { port: number; pages: { path: string; status: number }[] }[];
  scripts: { name: string; exitCode: number; output: string }[];
}

/** Whether a probe is answered, and what was seen instead if not. */
export interface ProbeAnswer {
  passed: boolean;
  saw: string;
}

const answer = (passed: boolean, saw: string): ProbeAnswer => ({ passed, saw });

/** A probe against what was seen. Pure: looking and waiting are somebody else's. */
export function evaluateProbe(probe: Probe, seen: Observation): ProbeAnswer {
  if (seen.power === "off") return answer(false, "the machine is off");
  switch (probe.kind) {
    case "power":
      return answer(true, "the machine is on");
    case "heartbeat":
      return answer(seen.heartbeat === "ok", seen.heartbeat === "ok" ? "its heart beats" : "there is no heartbeat");
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
  if (script === undefined) return answer(false, `script ${probe.name} cannot be run`);
  const ended = `script ${probe.name} ended with ${script.exitCode}`;
  if (script.exitCode !== 0) return answer(false, ended);
  if (probe.prints === undefined || script.output.includes(probe.prints)) return answer(true, ended);
  return answer(false, `script ${probe.name} did not print "${probe.prints}"`);
}

/** What a look at all probes of a machine comes to: all passed, look again after some emulated seconds, or too late. */
export type GateAnswer =
  | { state: "open"; saw: string }
  | { state: "waiting"; againSeconds: number; saw: string }
  | { state: "failed"; because: string };

/** Whether a machine may count as started: every probe passed, or one is past its time limit, or it is looked again. */
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
    ...open.flatMap(({ probe }) => [probe.everySeconds, Math.max(1, probe.timeLimitSeconds - seen.upSeconds)]),
  );
  return { state: "waiting", againSeconds, saw };
}
