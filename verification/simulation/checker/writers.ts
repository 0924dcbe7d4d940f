import type { World } from "../../../src/domain/worlds/world.js";
import type { EmulatedItem } from "../../../src/hypervisor/emulator/state.js";
import type { OperationName } from "../../../src/hypervisor/port.js";
import type { Effect, Facts } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** Networks that reach production: those of machines, and those assigned to replicas. */
function productionNetworks({ machines, items, networkMappings }: World): Set<string> {
  return new Set([
    ...machines.flatMap(({ nics }) => nics.map(({ networkId }) => networkId)),
    ...items.flatMap(({ target: { networkId, interfaces = [] } }) =>
      [networkId, ...interfaces.map((other) => other.networkId)].flatMap((id) => id ?? []),
    ),
    ...networkMappings.map(({ toNetworkId }) => toNetworkId),
  ]);
}

function writersOf({ source, replica, testCopies }: EmulatedItem, production: ReadonlySet<string>): string[] {
  const copies = [source, replica].filter(({ power, writable }) => power === "on" && writable);
  const tests = testCopies.filter(({ power, networkId }) => power === "on" && production.has(networkId));
  return [...copies.map(({ siteId }) => siteId), ...tests.map(({ name, networkId }) => `${name} on ${networkId}`)];
}

/** When both copies first took writes at the same time. */
function overlapOf({ sourceWrites, replicaWrites }: EmulatedItem): number | undefined {
  for (const a of sourceWrites) {
    for (const b of replicaWrites) {
      const fromMs = Math.max(a.fromMs, b.fromMs);
      if (fromMs < Math.min(a.toMs ?? Infinity, b.toMs ?? Infinity)) return fromMs;
    }
  }
  return undefined;
}

/** I1: an item is never writable at two production sites. */
export function singleWriter({ evidence, items }: Facts): Violation[] {
  const production = productionNetworks(evidence.world);
  return items.flatMap(({ item: { itemId, states, ledger } }) => {
    const seen = states.find(({ state }) => writersOf(state, production).length > 1);
    if (seen !== undefined) {
      const where = writersOf(seen.state, production).join(" and ");
      return [violation("I1", `${itemId} was writable at ${where} at ${moment(seen.atMs)}`, seen.state)];
    }
    const entry = ledger.find(({ after }) => after?.source.writable && after.replica.writable);
    if (entry !== undefined) return [violation("I1", `${itemId} had two writers after ${entry.operation}`, entry)];
    const overlap = states.find(({ state }) => overlapOf(state) !== undefined)?.state;
    if (overlap === undefined) return [];
    const fromMs = overlapOf(overlap) ?? 0;
    return [violation("I1", `both copies of ${itemId} took writes from ${moment(fromMs)}`, overlap)];
  });
}

/** Operations that make another copy the active one. Each needs an epoch above all earlier ones. */
const TAKEOVERS: ReadonlySet<OperationName> = new Set(["promote-replica", "promote-test-copy", "demote-replica"]);

function fenceBroken({ entry, params, effectMs }: Effect, epoch: number): string | undefined {
  const requested = params.epoch;
  const when = `at ${moment(effectMs)}`;
  if (entry.epoch < epoch) return `${entry.operation} lowered the epoch from ${epoch} to ${entry.epoch} ${when}`;
  if (TAKEOVERS.has(entry.operation)) {
    if (entry.epoch <= epoch)
      return `${entry.operation} was accepted at epoch ${entry.epoch}, not above ${epoch}, ${when}`;
    if (requested !== undefined && requested !== entry.epoch) {
      return `${entry.operation} asked for epoch ${requested} and got ${entry.epoch} ${when}`;
    }
  } else if (requested !== undefined && requested < epoch) {
    return `${entry.operation} with epoch ${requested} was accepted after epoch ${epoch} ${when}`;
  }
  return undefined;
}

/** I2: accepted epochs of an item never decrease, and after a takeover nothing with an older epoch is accepted. */
export function fencing({ items }: Facts): Violation[] {
  return items.flatMap(({ item, effects }) => {
    let epoch = item.states[0]?.state.epoch ?? 0;
    for (const effect of effects) {
      const broken = fenceBroken(effect, epoch);
      if (broken !== undefined) return [violation("I2", `${item.itemId}: ${broken}`, effect.entry, effect.params)];
      epoch = effect.entry.epoch;
    }
    return [];
  });
}
