/**
 * Measures whether the time of a refusal says something about a secret or a source, as somebody near the host could
 * measure it: tries of two kinds in random order, and Welch's t between their times. Times that the machine disturbed
 * are left out of both kinds by one limit. A control compares a kind with itself.
 */
import { parseArgs } from "node:util";
import { SCHEMES } from "../../src/domain/webhooks/schemes.js";
import { keysOf } from "../../src/webhooks/keys.js";
import { verify } from "../../src/webhooks/verify.js";
import { type Sent, STANDARD_SECRET, signStandard } from "../support/webhook-senders.js";
import { NOW_MS } from "./fuzzed-context.js";

const USAGE = "Usage: npm run timing -- [--tries N]   (default: 100,000 of each kind)\n";
/** Beyond this, the field takes a difference for real. */
const MAX_T = 4.5;
const KEPT_SHARE = 0.9;
const WARM_UP = 5_000;
const SIGNATURE_HEADER = "webhook-signature";

type Try = () => void;

const keys = keysOf(SCHEMES.standard, ["A"], { get: () => STANDARD_SECRET });
const signed = signStandard("msg_1", String(NOW_MS / 1_000), Buffer.alloc(1_024, "a"));

/** The request with one byte of its signature changed. */
function wrongAt(index: number): Sent {
  const mac = Buffer.from((signed.headers[SIGNATURE_HEADER] ?? "").slice("v1,".length), "base64");
  mac[index] = (mac[index] ?? 0) ^ 1;
  return { headers: { ...signed.headers, [SIGNATURE_HEADER]: `v1,${mac.toString("base64")}` }, body: signed.body };
}

const check = ({ headers, body }: Sent, known = keys): Try => {
  const request = { headers: { get: (name: string) => headers[name] ?? null }, body };
  return () => {
    if (verify(SCHEMES.standard, known, request, NOW_MS).ok) throw new Error("a wrong signature passed");
  };
};

const first = check(wrongAt(0));
const last = check(wrongAt(31));
const COMPARISONS: readonly [name: string, a: Try, b: Try][] = [
  ["control: the same twice", first, first],
  ["wrong first byte, wrong last byte", first, last],
  ["known source, source without keys", first, check(wrongAt(0), [])],
];

function timesOf(tries: number, kinds: readonly [Try, Try]): [number[], number[]] {
  const times: [number[], number[]] = [[], []];
  for (let done = -WARM_UP; done < 2 * tries; done += 1) {
    const kind = Math.random() < 0.5 ? 0 : 1;
    const started = process.hrtime.bigint();
    kinds[kind]();
    const ns = Number(process.hrtime.bigint() - started);
    if (done >= 0) times[kind].push(ns);
  }
  return times;
}

interface Sample {
  count: number;
  mean: number;
  variance: number;
}

function sampleOf(times: readonly number[], limit: number): Sample {
  const kept = times.filter((time) => time <= limit);
  const mean = kept.reduce((sum, time) => sum + time, 0) / kept.length;
  const squares = kept.reduce((sum, time) => sum + (time - mean) ** 2, 0);
  return { count: kept.length, mean, variance: squares / (kept.length - 1) };
}

function compare(name: string, tries: number, a: Try, b: Try): boolean {
  const times = timesOf(tries, [a, b]);
  const limit = times.flat().sort((x, y) => x - y)[Math.floor(2 * tries * KEPT_SHARE)] ?? Number.POSITIVE_INFINITY;
  const [one, other] = [sampleOf(times[0], limit), sampleOf(times[1], limit)];
  const difference = other.mean - one.mean;
  const sigma = Math.sqrt(one.variance / one.count + other.variance / other.count);
  const t = difference / sigma;
  const figures = [
    `mean ${one.mean.toFixed(0)} ns and ${other.mean.toFixed(0)} ns`,
    `difference ${difference.toFixed(1)} ns`,
    `standard error ${sigma.toFixed(1)} ns`,
    `t ${t.toFixed(2)}`,
  ];
  console.log(`${name}: ${figures.join(", ")}`);
  return Math.abs(t) < MAX_T;
}

function main(): number {
  const { values } = parseArgs({ options: { tries: { type: "string" } } });
  const tries = Number(values.tries ?? 100_000);
  if (!Number.isSafeInteger(tries) || tries < 100) {
    console.error(USAGE);
    return 2;
  }
  const results = COMPARISONS.map(([name, a, b]) => compare(name, tries, a, b));
  console.log(results.every((isNoise) => isNoise) ? "no difference above the noise" : "a difference above the noise");
  return results.every((isNoise) => isNoise) ? 0 : 1;
}

process.exitCode = main();
