import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parse } from "yaml";
import { createClient } from "../../../src/api/client.js";
import { ROUTES } from "../../../src/api/routes.js";
import { isEnded } from "../../../src/domain/plans/failure-policy.js";
import type { ExecutionStatus } from "../../../src/domain/vocabulary.js";
import { World } from "../../../src/domain/worlds/world.js";
import { describeEnd, HostProcess, ROOT } from "../../support/host-process.js";
import type { Findings } from "../checks.js";
import { type Answer, HttpLoad } from "../http-load.js";
import type { Report } from "../report.js";
import type { Stack } from "../stack.js";

/** The defaults of MAX_STARTS_PER_SECOND and MAX_WEBHOOKS_PER_SECOND. */
const STARTS_PER_SECOND = 10;
const CALL_BACKS_PER_SECOND = 100;
const OVERLOAD = 10;
const MACHINES = 4_000;
const WORLD_ID = "overload";
const SPEED = 50_000;
const READS_PER_SECOND = 20;
const MAX_STATUS_MS = 1_000;
const MAX_GROWTH_MIB = 500;
const FINISH_LIMIT_MS = 600_000;

/** What the three kinds of requests were answered. */
interface Answers {
  starts: Answer[];
  callBacks: Answer[];
  reads: Answer[];
}

/**
 * Starts and call-backs arrive at ten times the rate that is admitted, while somebody reads the status of an execution.
 * The host must refuse the surplus, stay small, answer the reader, and finish everything that it admitted.
 */
export async function overload(stack: Stack, report: Report, seconds = 60): Promise<void> {
  report.begin("overload", `starts and call-backs at ${OVERLOAD} times the admitted rate for ${seconds} s`);
  const host = await HostProcess.spawn({
    connectionString: stack.azurite.connectionString,
    prefix: `L${randomUUID().replaceAll("-", "").slice(0, 12)}`,
    speed: SPEED,
  });
  const url = await host.ready;
  const load = new HttpLoad(url);
  try {
    const world = estateOf(MACHINES);
    await createClient(url).call(ROUTES.importWorld, { params: { worldId: world.id }, body: world });
    const beforeMib = residentMib(host);
    const mib: number[] = [];
    const sampling = setInterval(() => mib.push(residentMib(host)), 1_000);
    const answers = await flood(url, report, seconds);
    clearInterval(sampling);
    report.say(`resident memory before: ${beforeMib.toFixed(0)} MiB`);
    report.measured("resident memory of the host", mib, "MiB");
    report.check("the host stayed small", above(Math.max(...mib) - beforeMib, MAX_GROWTH_MIB, "MiB more"));
    checkAnswers(report, answers);
    report.check("everything that was admitted finished", await unfinished(load, answers.starts));
    report.check("the host still runs", host.isRunning ? [] : [`it ended ${describeEnd(await host.ended)}`]);
  } finally {
    load.close();
    await host.end("SIGTERM");
  }
}

/** Each kind of request has connections of its own, so that none waits for another one before it is sent. */
async function flood(url: string, report: Report, seconds: number): Promise<Answers> {
  const [starter, caller, reader] = [new HttpLoad(url), new HttpLoad(url), new HttpLoad(url)];
  const watched = executionIdIn(await start(starter, MACHINES));
  const answers: Answers = { starts: [], callBacks: [], reads: [] };
  const path = `api/executions/${watched}`;
  const callBack = () => caller.send("POST", `${path}/actions/some/complete`, { token: "wrong" });
  await Promise.all([
    starter.pace(OVERLOAD * STARTS_PER_SECOND, seconds, async (at) =>
      answers.starts.push(await start(starter, (at % (MACHINES - 1)) + 1)),
    ),
    caller.pace(OVERLOAD * CALL_BACKS_PER_SECOND, seconds, async () => answers.callBacks.push(await callBack())),
    reader.pace(READS_PER_SECOND, seconds, async () => answers.reads.push(await reader.send("GET", path))),
  ]);
  for (const load of [starter, caller, reader]) load.close();
  for (const [what, all] of Object.entries(answers)) {
    report.say(`${what}: ${all.length} sent, answered ${countsOf(all)}`);
    report.measured(
      `${what}, answered after`,
      all.map(({ tookMs }: Answer) => tookMs),
      "ms",
    );
  }
  return answers;
}

/** A planned failover of one machine. */
const start = (load: HttpLoad, item: number): Promise<Answer> =>
  load.send(
    "POST",
    `api/worlds/${WORLD_ID}/protected-items/item-${item}/executions`,
    { verb: "planned-failover", options: { acknowledgeNoTest: true } },
    { "idempotency-key": randomUUID() },
  );

const executionIdIn = ({ text }: Answer): string => (JSON.parse(text) as { executionId: string }).executionId;

function checkAnswers(report: Report, { starts, callBacks, reads }: Answers): void {
  const refused = [...starts, ...callBacks].filter(({ status }) => status === 429);
  report.check(`the surplus was refused: ${refused.length} times 429`, [
    ...(refused.length === 0 ? ["nothing was refused, so the scenario showed nothing"] : []),
    ...refused.filter(({ retryAfter }) => !(Number(retryAfter) >= 1)).map(() => "a refusal has no Retry-After"),
  ]);
  report.check("no request failed", [
    ...unexpected("a start", starts, [202, 409, 429]),
    ...unexpected("a call-back", callBacks, [403, 404, 409, 429]),
    ...unexpected("a read", reads, [200]),
  ]);
  const sorted = reads.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.POSITIVE_INFINITY;
  report.check(`the status was read in time: p99 ${p99.toFixed(0)} ms`, above(p99, MAX_STATUS_MS, "ms"));
}

const above = (value: number, most: number, unit: string): Findings =>
  value <= most ? [] : [`${value.toFixed(0)} ${unit}, at most ${most} are expected`];

const unexpected = (what: string, answers: readonly Answer[], expected: readonly number[]): Findings =>
  answers
    .filter(({ status }) => !expected.includes(status))
    .map(({ status, text }) => `${what} was answered ${status}: ${text.slice(0, 200)}`);

/** Waits for the end of every execution that was acknowledged, the oldest first. */
async function unfinished(load: HttpLoad, starts: readonly Answer[]): Promise<Findings> {
  const admitted = starts.filter(({ status }) => status === 202).map(executionIdIn);
  if (admitted.length === 0) return ["nothing was admitted, so the scenario showed nothing"];
  const endMs = performance.now() + FINISH_LIMIT_MS;
  const findings: string[] = [];
  for (const executionId of admitted) {
    const ended = await endOf(load, executionId, endMs);
    if (ended !== "succeeded") findings.push(`execution ${executionId} is ${ended}`);
  }
  return findings;
}

async function endOf(load: HttpLoad, executionId: string, endMs: number): Promise<string> {
  for (;;) {
    const { text } = await load.send("GET", `api/executions/${executionId}`);
    const { status } = JSON.parse(text) as { status: ExecutionStatus };
    if (isEnded(status) || performance.now() > endMs) return status;
    await wait(500);
  }
}

function countsOf(answers: readonly Answer[]): string {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${status} × ${count}`).join(", ");
}

/** Many of the first web server of the sample. */
function estateOf(count: number): World {
  const sample = World.parse(parse(readFileSync(join(ROOT, "samples/shop/world.yaml"), "utf8")));
  const [item] = sample.items.filter(({ id }) => id === "web-1");
  const [machine] = sample.machines.filter(({ id }) => id === item?.machineId);
  if (item === undefined || machine === undefined) throw new Error("The sample has no item web-1.");
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  const nics = machine.nics.map(({ ip: _taken, ...nic }) => nic);
  return World.parse({
    ...sample,
    id: WORLD_ID,
    sites: sample.sites.map((site) => ({ ...site, quota: undefined })),
    replicationGroups: [],
    machines: numbers.map((n) => ({ ...machine, id: `vm-${n}`, name: `vm-${n}`, nics })),
    items: numbers.map((n) => ({
      ...item,
      id: `item-${n}`,
      machineId: `vm-${n}`,
      target: { ...item.target, name: `copy-${n}` },
    })),
  });
}

const residentMib = ({ pid }: HostProcess): number =>
  Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1_024;
