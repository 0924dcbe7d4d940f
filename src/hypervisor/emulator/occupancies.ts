/**
 * Stores what items have taken at the sites of a world: one row for each site, which any process may write. Shown in
 * hypervisor-occupancy.suite.ts:
 *
 * I1. What an operation needs is taken before it begins, so two processes cannot give one thing to two items ("two
 *     processes…").
 * I2. What is stored is never less than what items really have, also when two operations of an item take at the same
 *     time (invariants.test.ts, "two operations of an item…"). It may be more after a crash. Before anybody is refused,
 *     the holders are read, and a holder that has it no longer loses it ("what an operation had taken that never
 *     began…").
 * I3. A holder that is about to begin does not lose it unnoticed: before it loses something its row is rewritten, so that
 *     the write of an operation that had taken it earlier fails and takes again ("two processes…").
 * I4. Of two operations that are about to begin and leave room for one only, the item that comes first in the alphabet
 *     goes first, and the other one gives way for a while. Else each could make the other's write fail for ever
 *     (invariants.test.ts, "two items that want the last place…").
 * I5. Requests made at the same time share a write (coalescing-queue.ts).
 */
import { hasCode } from "../../domain/errors.js";
import { canonicalJson } from "../../domain/identity.js";
import type { Occupancy } from "../../domain/worlds/occupancy.js";
import { isSame } from "../../domain/worlds/three-way.js";
import { createCoalescingQueue } from "../../store/tables/coalescing-queue.js";
import { decode, encode } from "../../store/tables/codec.js";
import { type Table, TableConflict } from "../../store/tables/port.js";
import { retryOnConflict } from "../../store/update-with-retry.js";
import type { TaskRefusal } from "./behaviour.js";
import { decide, isWithin, outlineAt, type Room, type Wanted, wantedAt } from "./occupancy.js";
import {
  CLAIMS,
  type Claim,
  type Claims,
  type EmulatedItem,
  type EmulatedSite,
  SITE,
  type WorldHeader,
} from "./state.js";
import type { Pace } from "./step-writer.js";
import { claimsRow, partitionOfSites, stateRow } from "./world-rows.js";

/** Each lost race means that another writer succeeded. */
const MAX_ATTEMPTS = 50;
/** Items whose recorded claims this process remembers. */
const MAX_REMEMBERED = 20_000;

export interface Occupancies {
  /** Takes what `after` needs beyond `before`, at both sites; answers why something is not free. */
  take(header: WorldHeader, before: EmulatedItem, after: EmulatedItem, pace: Pace): Promise<TaskRefusal | null>;
  /** Records what an item has, from its state as it was written. */
  record(header: WorldHeader, written: EmulatedItem): Promise<void>;
}

type Request = { header: WorldHeader; state: EmulatedItem } & (({ kind: "take" } & Pace) | { kind: "record" });

export const occupancyOf = (itemId: string, { isConfirmed: _c, revision: _r, ...claim }: Claim): Occupancy => ({
  itemId,
  ...claim,
});

export async function readClaims(
  table: Table,
  header: WorldHeader,
  siteId: string,
): Promise<{ claims: Claims; etag: string | null }> {
  const row = await table.get(partitionOfSites(header), claimsRow(siteId));
  return row === null ? { claims: {}, etag: null } : { claims: decode(CLAIMS, row), etag: row.etag };
}

/** A claim without what its item has no longer; undefined when nothing is left. */
export function narrowed(claim: Claim | undefined, state: EmulatedItem, site: EmulatedSite): Claim | undefined {
  const wanted = wantedAt(state, site.site);
  if (wanted === null) return undefined;
  const { itemId: _, ...still } = wanted;
  const had = new Set(claim?.addresses.map(({ networkId, address }) => `${networkId}/${address}`));
  const addresses = wanted.addresses
    .filter(({ networkId, address, required }) => required || had.has(`${networkId}/${address}`))
    .map(({ networkId, address }) => ({ networkId, address }));
  return { ...still, addresses, isConfirmed: claim?.isConfirmed ?? false, revision: state.revision };
}

const isAsLarge = (claim: Claim | undefined, other: Claim | undefined): boolean =>
  canonicalJson(claim ? occupancyOf("", claim) : null) === canonicalJson(other ? occupancyOf("", other) : null);

const sitesOf = ({ item }: EmulatedItem): string[] => [item.sourceSiteId, item.targetSiteId];

/** How the holders of a site are read. */
interface Holders {
  peek(header: WorldHeader, itemId: string): Promise<EmulatedItem>;
  /** Also rewrites the row. */
  touch(header: WorldHeader, itemId: string): Promise<EmulatedItem>;
}

export function createOccupancies(table: Table, holders: () => Holders): Occupancies {
  const recorded = new Map<string, string>();
  const keyOf = ({ worldId, load }: WorldHeader, { id }: EmulatedItem): string => `${worldId}:${load}:${id}`;

  const enqueue = createCoalescingQueue<Request, TaskRefusal | null>(async (key, batch) => {
    const [first] = batch;
    if (first === undefined) return;
    const siteId = key.slice(key.lastIndexOf(":") + 1);
    const answers = await retryOnConflict(
      () =>
        answerAll(
          first.request.header,
          siteId,
          batch.map(({ request }) => request),
        ),
      MAX_ATTEMPTS,
    );
    batch.forEach(({ resolve, reject }, index) => {
      const answer = answers[index];
      if (answer === "outdated") reject(new TableConflict("changed", stateRow(batch[index]?.request.state.id ?? "")));
      else resolve(answer ?? null);
    });
  });

  const answerAll = async (header: WorldHeader, siteId: string, requests: readonly Request[]) => {
    const partition = partitionOfSites(header);
    const [{ claims, etag }, row] = await Promise.all([
      readClaims(table, header, siteId),
      table.get(partition, stateRow(siteId)),
    ]);
    if (row === null) return []; // the world was removed
    const draft = new Draft(claims, decode(SITE, row), header, holders());
    const answers: (TaskRefusal | "outdated" | null)[] = [];
    for (const request of requests) {
      answers.push(request.kind === "take" ? await draft.take(request.state, request) : draft.record(request.state));
    }
    if (draft.isChanged) {
      const columns = encode(CLAIMS, claimsRow(siteId), draft.claims);
      await table.transact(partition, [
        etag === null ? { kind: "insert", ...columns } : { kind: "replace", ...columns, etag },
      ]);
    }
    return answers;
  };

  const ask = (siteId: string, request: Request) =>
    enqueue(`${request.header.worldId}:${request.header.load}:${siteId}`, request);

  return {
    take: async (header, before, after, pace) => {
      const growing = sitesOf(after).filter((siteId) => !isWithin(outlineAt(after, siteId), outlineAt(before, siteId)));
      if (growing.length > 0) recorded.delete(keyOf(header, after));
      for (const siteId of growing) {
        const state = { ...after, revision: before.revision + 1 };
        const refusal = await ask(siteId, { kind: "take", header, state, ...pace });
        if (refusal !== null) return refusal;
      }
      return null;
    },
    record: async (header, written) => {
      const key = keyOf(header, written);
      const outlines = canonicalJson(sitesOf(written).map((siteId) => outlineAt(written, siteId)));
      if (recorded.get(key) === outlines) return;
      await Promise.all(sitesOf(written).map((siteId) => ask(siteId, { kind: "record", header, state: written })));
      recorded.set(key, outlines);
      const [oldest] = recorded.keys();
      if (recorded.size > MAX_REMEMBERED && oldest !== undefined) recorded.delete(oldest);
    },
  };
}

/**
 * The claims of a site while requests change them. They are copied once and not at every change: a batch changes
 * hundreds of a thousand claims.
 */
class Draft {
  isChanged = false;
  readonly #claims: Map<string, Claim>;
  readonly #taken: Map<string, Occupancy>;
  readonly #site: EmulatedSite;
  readonly #header: WorldHeader;
  readonly #holders: Holders;

  constructor(claims: Claims, site: EmulatedSite, header: WorldHeader, holders: Holders) {
    this.#claims = new Map(Object.entries(claims));
    this.#taken = new Map([...this.#claims].map(([itemId, claim]) => [itemId, occupancyOf(itemId, claim)]));
    this.#site = site;
    this.#header = header;
    this.#holders = holders;
  }

  get claims(): Claims {
    return Object.fromEntries(this.#claims);
  }

  get #room(): Room {
    return { site: this.#site, taken: [...this.#taken.values()] };
  }

  #set(itemId: string, claim: Claim | undefined): void {
    if (canonicalJson(this.#claims.get(itemId) ?? null) === canonicalJson(claim ?? null)) return;
    this.isChanged = true;
    if (claim === undefined) {
      this.#claims.delete(itemId);
      this.#taken.delete(itemId);
    } else {
      this.#claims.set(itemId, claim);
      this.#taken.set(itemId, occupancyOf(itemId, claim));
    }
  }

  async take(state: EmulatedItem, { givesWay }: Pace): Promise<TaskRefusal | "outdated" | null> {
    const known = this.#claims.get(state.id);
    if (known !== undefined && known.revision > state.revision) return "outdated";
    const wanted = wantedAt(state, this.#site.site);
    if (wanted === null) return null;
    let decision = decide(this.#room, wanted);
    if ("refusal" in decision && decision.holders.length > 0) {
      if (givesWay && decision.holders.some((holder) => this.#precedes(holder, state.id))) return "outdated";
      for (const holder of decision.holders) await this.#check(holder);
      decision = decide(this.#room, wanted);
    }
    if ("refusal" in decision) return decision.refusal;
    // Another operation of the item may have taken something for the same write, and either may be the one that is written.
    const both = known?.revision === state.revision ? together(decision.granted, known) : decision.granted;
    this.#claim(state, both, false);
    return null;
  }

  /** What an item has is recorded even if it should not have it. */
  record(state: EmulatedItem): null {
    const known = this.#claims.get(state.id);
    if (known !== undefined && known.revision > state.revision) return null;
    const wanted = wantedAt(state, this.#site.site);
    if (wanted === null) {
      this.#set(state.id, undefined);
      return null;
    }
    const decision = decide(this.#room, wanted);
    const has = "granted" in decision ? decision.granted : forced(wanted);
    // Away, a claim that nobody took may be the late word of a process that others have overtaken since.
    this.#claim(state, has, known !== undefined || this.#site.id !== state.item.targetSiteId);
    return null;
  }

  #claim({ id, revision }: EmulatedItem, { itemId: _, ...has }: Occupancy, isConfirmed: boolean): void {
    this.#set(id, { ...has, isConfirmed, revision });
  }

  /** Whether a holder is about to begin, and goes first. */
  #precedes(holder: string, itemId: string): boolean {
    return holder < itemId && this.#claims.get(holder)?.isConfirmed === false;
  }

  /** A holder that cannot be read keeps what it has. */
  async #check(itemId: string): Promise<void> {
    const claim = this.#claims.get(itemId);
    try {
      if (isAsLarge(narrowed(claim, await this.#holders.peek(this.#header, itemId), this.#site), claim)) return;
      this.#set(itemId, narrowed(claim, await this.#holders.touch(this.#header, itemId), this.#site));
    } catch (thrown) {
      if (!hasCode(thrown, "row-unreadable")) throw thrown;
    }
  }
}

const forced = ({ addresses, ...wanted }: Wanted): Occupancy => ({
  ...wanted,
  addresses: addresses.filter(({ required }) => required).map(({ networkId, address }) => ({ networkId, address })),
});

/** What two operations of an item take, of which one will be written. */
const together = (one: Occupancy, { names, addresses, cores, networkInterfaces, memory, disks }: Claim): Occupancy => ({
  itemId: one.itemId,
  names: [...new Set([...one.names, ...names])],
  addresses: [...one.addresses, ...addresses.filter((address) => !one.addresses.some((own) => isSame(own, address)))],
  cores: Math.max(one.cores, cores),
  networkInterfaces: Math.max(one.networkInterfaces, networkInterfaces),
  memory: one.memory ?? memory,
  disks: one.disks ?? disks,
});
