/**
 * The import of a world. Shown in worlds.test.ts and world-crashes.test.ts:
 *
 * M1. An import never undoes what was not asked for by name: over an existing world, only the same content over an
 *     estate that did not move needs no mode, and it has no effect ("a world file over an estate that moved…").
 * M2. A merge keeps every state ("a merge adds and describes anew…"), a reset takes nothing that an execution holds ("is refused while…").
 * M3. An import that dies anywhere is completed by its repetition, and nothing starts before ("…dies after any write…").
 */
import { RecoveryError } from "../domain/errors.js";
import { canonicalJson } from "../domain/identity.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { toInstant } from "../domain/text.js";
import { withMappedNetworks } from "../domain/worlds/networks.js";
import type { World } from "../domain/worlds/world.js";
import {
  type EntryChange,
  entryName,
  isUnchanged,
  mergeProblems,
  type WorldChanges,
  worldChanges,
} from "../domain/worlds/world-changes.js";
import { worldProblems } from "../domain/worlds/world-rules.js";
import type { BegunChange, WorldChange, WorldRecord } from "../store/port.js";
import type { Services } from "./context.js";
import { allPages } from "./pages.js";
import { findLosses } from "./world-losses.js";

export type ImportMode = "merge" | "reset";

/** What an import did. */
export interface ImportReport {
  mode: "first" | "unchanged" | ImportMode;
  added: string[];
  changed: string[];
  /** What the world has and the file lacks. */
  kept: string[];
}

export interface ImportedWorld extends WorldRecord {
  import: ImportReport;
}

const NOTHING = { added: [], changed: [], kept: [] };

/** Imports a world. Over an existing one that differs or moved, `mode` says what happens. */
export async function importWorld(services: Services, described: World, mode?: ImportMode): Promise<ImportedWorld> {
  refuseInvalid(described, worldProblems(described));
  const world = withMappedNetworks(described);
  const known = await services.store.getWorld(world.id);
  if (known === null || known.change?.kind === "import") return replaceWorld(services, world, "import");
  if (mode === "reset") return replaceWorld(services, world, "reset");
  const there = await readWorld(services, world);
  refuseUnfinished(known.change, { mode, contentHash: hashOf(services, world) });
  if (mode === "merge") return mergeWorld(services, world, known, there);
  const losses = await findLosses(services, there.base, there.records);
  const isMoved = losses.some(({ isMove }) => isMove);
  if (isUnchanged(there.changes) && !isMoved) return { ...known, import: { mode: "unchanged", ...NOTHING } };
  throw differs(
    world.id,
    there.changes,
    losses.map(({ text }) => text),
  );
}

function refuseInvalid({ id }: World, problems: string[]): void {
  if (problems.length > 0) throw new RecoveryError("world-invalid", `world ${id}: ${problems[0]}`, problems);
}

const hashOf = ({ hash }: Services, world: World): string => hash(canonicalJson(world));

interface WorldThere {
  /** As it was imported last, without the items that were removed since. */
  base: World;
  records: Map<string, ItemRecord>;
  changes: WorldChanges;
}

async function readWorld({ store }: Services, world: World): Promise<WorldThere> {
  const { entries, unreadable } = await allPages((page) => store.listItems(world.id, page));
  if (unreadable[0] !== undefined) throw new RecoveryError("row-unreadable", unreadable[0]);
  const records = new Map(entries.map((record) => [record.itemId, record]));
  const imported = await store.getWorldDescription(world.id);
  if (imported === null) {
    throw new RecoveryError(
      "world-differs",
      `nobody knows what was imported as world ${world.id}; import with mode=reset`,
    );
  }
  const base = { ...imported, items: imported.items.filter(({ id }) => records.has(id)) };
  return { base, records, changes: worldChanges(base, world) };
}

/** A change that died is completed by the same request; a merge of another file would build on a half-merged world. */
function refuseUnfinished(
  change: WorldChange | undefined,
  { mode, contentHash }: { mode: ImportMode | undefined; contentHash: string },
): void {
  if (change === undefined) return;
  if (change.kind === "merge" && mode === "merge" && change.contentHash === contentHash) return;
  throw new RecoveryError(
    "world-changing",
    `${change.kind === "removal" ? "its removal" : `an import with mode=${change.kind}`} began at ${change.since} and has not ended; repeat that request, or import with mode=reset`,
  );
}

function differs(worldId: string, changes: WorldChanges, losses: readonly string[]): RecoveryError {
  const { added, changed, kept } = changes;
  const details = [
    ...losses.map((loss) => `a reset would lose ${loss}`),
    ...added.map((entry) => `not in the world: ${entryName(entry)}`),
    ...changed.map((entry) => `differs: ${changeName(entry)}`),
    ...kept.map((entry) => `not in the file: ${entryName(entry)}`),
    ...(changes.isHeadChanged ? ["differs: the name, the seed or the network mappings"] : []),
  ];
  const moved =
    losses.length === 0
      ? ""
      : `; a reset would lose ${losses.length === 1 ? losses[0] : `${losses.length} things, first ${losses[0]}`}`;
  const text = isUnchanged(changes) ? "the estate moved since its import" : "the file differs from the world";
  return new RecoveryError("world-differs", `world ${worldId}: ${text}${moved}`, details);
}

const changeName = (entry: EntryChange): string => `${entryName(entry)} (${entry.fields.join(", ")})`;

/** Sets everything to the file: a first import, or a reset. */
async function replaceWorld(services: Services, world: World, kind: "import" | "reset"): Promise<ImportedWorld> {
  const { store, estate, clock } = services;
  await store.refuseHeldItems(world.id);
  const since = toInstant(clock.now());
  const change: WorldChange = { kind, contentHash: hashOf(services, world), since, itemIds: null };
  const begun = await store.beginWorldChange(world.id, world.name, change);
  await orGiveUp(services, begun, async () => {
    await store.refuseHeldItems(world.id);
    await estate.loadWorld(world);
  });
  const record = await store.putWorld(world, since, begun.etag);
  return { ...record, import: { mode: kind === "import" ? "first" : "reset", ...NOTHING } };
}

/** A refusal comes before any effect, so its change never began. */
async function orGiveUp(services: Services, begun: BegunChange, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (thrown) {
    if (thrown instanceof RecoveryError) await services.store.giveUpWorldChange(begun);
    throw thrown;
  }
}

async function mergeWorld(
  services: Services,
  world: World,
  known: WorldRecord,
  { base, records, changes }: WorldThere,
): Promise<ImportedWorld> {
  const { store, estate, clock } = services;
  const { merged, touchedItemIds } = changes;
  refuseMerge(world.id, mergeProblems(base, changes, records));
  refuseInvalid(world, worldProblems(merged));
  const report: ImportReport = {
    mode: "merge",
    added: changes.added.map(entryName),
    changed: changes.changed.map(changeName),
    kept: changes.kept.map(entryName),
  };
  const isNothing = report.added.length + report.changed.length === 0 && !changes.isHeadChanged;
  if (isNothing && known.change === undefined) return { ...known, import: report };
  const since = toInstant(clock.now());
  const itemIds = touchedItemIds;
  const change: WorldChange = { kind: "merge", contentHash: hashOf(services, world), since, itemIds };
  const begun = await store.beginWorldChange(world.id, known.name, change);
  await orGiveUp(services, begun, async () => {
    const now = (await store.findItems(world.id, itemIds)).map((record) => [record.itemId, record] as const);
    refuseMerge(world.id, mergeProblems(base, changes, new Map([...records, ...now])));
  });
  await estate.mergeWorld(base, merged, itemIds);
  return { ...(await store.mergeWorld(merged, itemIds, since, begun.etag)), import: report };
}

function refuseMerge(worldId: string, problems: string[]): void {
  if (problems.length === 0) return;
  const more = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
  throw new RecoveryError("merge-refused", `world ${worldId}: ${problems[0]}${more}`, problems);
}
