/** The evidence of an execution as one file, which `secondsite-verify` checks without this installation. */
import { contentHashOf } from "../domain/evidence/chain.js";
import { LOG_CHAIN, type LogRecord } from "../domain/evidence/log-record.js";
import { executionChain, type SealedEvent } from "../domain/evidence/sealed.js";
import { type StepChain, stepChainsOf } from "../domain/evidence/step-chains.js";
import { toInstant } from "../domain/text.js";
import { sealExecution } from "../executions/evidence/seal.js";
import type { LogPlace } from "../store/port.js";
import type { Context } from "./context.js";

/** A record of the log that is about something else: only its hash is shown. */
export type HiddenRecord = Omit<LogRecord, "content"> & { contentHash: string };

export interface EvidenceFile {
  format: "secondsite-evidence/1";
  executionId: string;
  exportedAt: string;
  execution: { chain: string; links: SealedEvent[] };
  steps: StepChain[];
  log: {
    chain: string;
    /** Each without a gap. */
    runs: (LogRecord | HiddenRecord)[][];
    gap: string | null;
  };
}

/** The longest run of the log in a file. An execution that waits for days may have more records around it. */
const MAX_RUN = 20_000;
const PAGE = 1_000;

export async function evidenceOf(context: Context, executionId: string): Promise<EvidenceFile> {
  const { store, hash, clock } = context;
  const [{ evidence, place }, opened, steps] = await Promise.all([
    sealExecution(context, executionId),
    store.getOpened(executionId),
    store.getSteps(executionId),
  ]);
  return {
    format: "secondsite-evidence/1",
    executionId,
    exportedAt: toInstant(clock.now()),
    execution: { chain: executionChain(executionId), links: evidence },
    steps: steps.flatMap((record) => stepChainsOf(executionId, record, hash)),
    log: { chain: LOG_CHAIN, ...(await logAround(context, executionId, opened, place)) },
  };
}

/** The log from the opening of an execution to its seal, or these two where there is too much between them. */
async function logAround(
  context: Context,
  executionId: string,
  opened: LogPlace | null,
  sealed: LogPlace,
): Promise<Pick<EvidenceFile["log"], "runs" | "gap">> {
  const from = opened ?? sealed;
  const shown = (record: LogRecord) => hideOthers(context, executionId, record);
  const run = (start: LogPlace, count: number) => readRun(context, start, count);
  const length = sealed.seq - from.seq + 1;
  if (length <= MAX_RUN) return { runs: [(await run(from, length)).map(shown)], gap: null };
  const runs = await Promise.all([run(from, 1), run(sealed, 1)]);
  const gap = `the ${length - 2} records between opening and seal are left out; GET /api/audit shows them`;
  return { runs: runs.map((records) => records.map(shown)), gap };
}

async function readRun({ store }: Context, from: LogPlace, count: number): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for (let next: LogPlace | undefined = from; next !== undefined && found.length < count; ) {
    const page = await store.readLog(next, Math.min(PAGE, count - found.length));
    found.push(...page.records.map(({ record }) => record));
    next = page.next;
  }
  return found;
}

function hideOthers({ hash }: Context, executionId: string, record: LogRecord): LogRecord | HiddenRecord {
  if (record.content.about.executionId === executionId) return record;
  const { content, ...link } = record;
  return { ...link, contentHash: contentHashOf(content, hash) };
}
