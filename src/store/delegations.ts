/** Delegations. Each is in two rows that change together: among those of its delegator, and among those to its delegate. */
import { createHash } from "node:crypto";
import { Delegation } from "../domain/approvals/delegation.js";
import { RecoveryError } from "../domain/errors.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type RowOperation, type Table, TableConflict } from "./tables/port.js";

const DELEGATION: Codec<Delegation> = { what: "delegation", schema: 1, shape: Delegation };
const PARTITION = "delegations";
/** More than one person ever has. */
const MOST = 900;

/** The name of a person in a key, which may not hold every character and is short. */
const key = (person: string): string => createHash("sha256").update(person).digest("hex").slice(0, 40);
const fromRow = (from: string, delegationId: string): string => `from.${key(from)}.${delegationId}`;
const toRow = ({ from, to, delegationId }: Delegation): string => `to.${key(to)}.${key(from)}.${delegationId}`;

export async function putDelegation(table: Table, delegation: Delegation): Promise<void> {
  const own = fromRow(delegation.from, delegation.delegationId);
  const before = await table.get(PARTITION, own);
  const old = before === null ? null : toRow(decode(DELEGATION, before));
  const operations: RowOperation[] = [
    before === null
      ? { kind: "insert", ...encode(DELEGATION, own, delegation) }
      : { kind: "replace", ...encode(DELEGATION, own, delegation), etag: before.etag },
    ...(old === null || old === toRow(delegation) ? [] : [{ kind: "delete" as const, row: old }]),
    { kind: "put", ...encode(DELEGATION, toRow(delegation), delegation) },
  ];
  await transact(table, operations, delegation.delegationId);
}

export async function removeDelegation(table: Table, from: string, delegationId: string): Promise<void> {
  const row = await table.get(PARTITION, fromRow(from, delegationId));
  if (row === null) return;
  const gone = decode(DELEGATION, row);
  await transact(
    table,
    [
      { kind: "delete", row: row.row },
      { kind: "delete", row: toRow(gone) },
    ],
    delegationId,
  );
}

async function transact(table: Table, operations: readonly RowOperation[], delegationId: string): Promise<void> {
  try {
    await table.transact(PARTITION, operations);
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
    throw new RecoveryError("etag-mismatch", `delegation ${delegationId} was changed at the same moment`);
  }
}

export async function listDelegations(table: Table, of: { from: string } | { to: string }): Promise<Delegation[]> {
  const prefix = "from" in of ? `from.${key(of.from)}.` : `to.${key(of.to)}.`;
  const { rows } = await table.list(PARTITION, { from: prefix, before: `${prefix.slice(0, -1)}/`, limit: MOST });
  return rows.map((row) => decode(DELEGATION, row));
}
