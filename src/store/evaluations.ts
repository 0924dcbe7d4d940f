/** The last evaluation of each plan. */
import { Evaluation } from "../domain/drills/evaluation.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import type { Table } from "./tables/port.js";

const EVALUATION: Codec<Evaluation> = { what: "evaluation", schema: 1, shape: Evaluation };
const PARTITION = "evaluations";

export async function getEvaluation(table: Table, planId: string): Promise<Evaluation | null> {
  const row = await table.get(PARTITION, planId);
  return row === null ? null : decode(EVALUATION, row);
}

export async function putEvaluation(table: Table, evaluation: Evaluation): Promise<void> {
  await table.transact(PARTITION, [{ kind: "put", ...encode(EVALUATION, evaluation.planId, evaluation) }]);
}
