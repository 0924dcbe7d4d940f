/** The evidence of an execution as one file, which `secondsite-verify` checks without this installation. */

import type { Anchor } from "../domain/evidence/anchor.js";
import { contentHashOf } from "../domain/evidence/chain.js";
import type { LogPlace } from "../domain/evidence/log-place.js";
import { LOG_CHAIN, type LogRecord } from "../domain/evidence/log-record.js";
import { executionChain, type SealedEvent } from "../domain/evidence/sealed.js";
import { type StepChain, stepChainsOf } from "../domain/evidence/step-chains.js";
import { toInstant } from "../domain/text.js";
import { sealExecution } from "../executions/evidence/seal.js";
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
  /** A head of the log that is kept elsewhere, where the runs end; null until the log is anchored, which takes a minute. */
  anchor: Anchor | null;
}

/** The longest run of the log in a file. An execution that waits for days may have more records around it. */
const MAX_RUN = 20_000;
const PAGE = 1_000;

export async function evidenceOf(context: Context, executionId: string): Promise<EvidenceFile> {
  const { store, hash, clock } = context;
  const { evidence, place } = await sealExecution(context, executionId);
  const [execution, steps, anchor] = await Promise.all([
    store.getExecution(executionId),
    store.getSteps(executionId),
    store.anchorFrom(place.seq),
  ]);
  const from = execution?.value.openingAt ?? place;
  return {
    format: "secondsite-evidence/1",
    executionId,
    exportedAt: toInstant(clock.now()),
    execution: { chain: executionChain(executionId), links: evidence },
    steps: steps.flatMap((record) => stepChainsOf(executionId, record, hash)),
    log: {
      chain: LOG_CHAIN,
      ...(await logAround(context, executionId, from, place, anchor?.seq ?? place.seq)),
    },
    anchor,
  };
}

/** The log from one record to another, or these two where there is too much between them. */
async function logAround(
  context: Context,
  executionId: string,
  from: LogPlace,
  sealed: LogPlace,
  endSeq: number,
): Promise<Pick<EvidenceFile["log"], "runs" | "gap">> {
  const shown = (record: LogRecord) => hideOthers(context, executionId, record);
  const afterSeal = endSeq - sealed.seq + 1;
  if (endSeq - from.seq < MAX_RUN) {
    return { runs: [(await readRun(context, from, endSeq - from.seq + 1)).map(shown)], gap: null };
  }
  const runs = await Promise.all([readRun(context, from, 1), readRun(context, sealed, afterSeal)]);
  const gap = `the ${sealed.seq - from.seq - 1} records between opening and seal are left out; GET /api/audit shows them`;
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
