import { SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import type { ItemOperation, OperationName, SiteOperation } from "../port.js";
import type { Effect } from "./behaviour.js";
import { bytesOfDisks, protectedDisks } from "./disk-bytes.js";
import { bytesToReverse } from "./replication.js";
import { seededBetween } from "./seeded.js";
import type { EmulatedItem, EmulatedSite } from "./state.js";

const diskGb = ({ machine }: EmulatedItem): number => machine.disks.reduce((sum, { sizeGb }) => sum + sizeGb, 0);
const memoryGb = ({ machine }: EmulatedItem): number => machine.memoryMb / 1_024;

/** Physical servers and VMware Linux machines are converted before they start in Azure: 8 to 10 minutes more (P8). */
function hydrationSeconds({ item, machine, seed, direction }: EmulatedItem): number {
  if (direction === "recovery-to-primary") return 0;
  const converts = SCENARIO_TRAITS[item.scenario].convertedSystems.includes(machine.osFamily);
  return converts ? seededBetween(seed, "hydration", 480, 600) : 0;
}

const bootSeconds = (state: EmulatedItem): number =>
  (state.machine.osFamily === "windows" ? 75 : 40) + memoryGb(state) * 0.5;

/** Operations that create a machine in Azure, which converts it first. */
const CONVERTING: ReadonlySet<OperationName> = new Set(["promote-replica", "create-test-copy"]);

/** Average emulated seconds, without conversion. The seed varies them by a fifth in both directions. */
const ITEM_SECONDS: Record<Exclude<ItemOperation, "await-agent">, (state: EmulatedItem, effect: Effect) => number> = {
  "shut-down-source": (state) => (state.machine.osFamily === "windows" ? 60 : 25) + memoryGb(state) * 0.3,
  "final-synchronise": (state) => 15 + state.item.changeRateMbPerSecond * 4,
  "process-pending-data": (state) => 20 + state.item.changeRateMbPerSecond * 3,
  "stop-replication": () => 5,
  "promote-replica": (state) => 45 + diskGb(state) * 0.05,
  "start-replica": bootSeconds,
  "delete-recovery-points": () => 20,
  "demote-replica": () => 30,
  "restart-source": bootSeconds,
  "restore-replication": () => 30,
  "create-test-copy": (state) => 60 + diskGb(state) * 0.05,
  "start-test-copy": bootSeconds,
  "remove-test-copy": () => 30,
  "promote-test-copy": () => 60,
  "reverse-replication": (state, { params, atMs }) =>
    30 + copySeconds(bytesToReverse(state, params.newMachine === true, atMs)),
  "remove-old-machine": () => 45,
  "disable-replication": () => 30,
  "enable-replication": (state) => 60 + copySeconds(bytesOfDisks(state.machine.disks)),
  resynchronise: (state) => 30 + copySeconds(bytesOfDisks(protectedDisks(state))) / 4,
};

/** Copies two gigabytes a second. */
const copySeconds = (bytes: number): number => (bytes / 1_000_000_000) * 0.5;

const SITE_SECONDS: Record<SiteOperation, (seed: number) => number> = {
  "create-test-network": () => 20,
  "remove-test-network": () => 15,
  // Divided by the variation, so that the duration stays within the documented 10 to 15 minutes.
  "deploy-process-server": (seed) =>
    seededBetween(seed, "deployment", 600, 900) / variation(seed, "deploy-process-server"),
};

const variation = (seed: number, operation: OperationName): number => seededBetween(seed, operation, 0.8, 1.2);

/** The duration of an operation on an item in emulated milliseconds. It depends only on the seed and the state. */
export function itemDurationMs(state: EmulatedItem, operation: ItemOperation, effect: Effect): number {
  if (operation === "await-agent") return Math.max(0, (state.agentAtMs ?? effect.atMs) - effect.atMs);
  const converting = CONVERTING.has(operation) ? hydrationSeconds(state) : 0;
  return Math.round((ITEM_SECONDS[operation](state, effect) * variation(state.seed, operation) + converting) * 1_000);
}

export const siteDurationMs = (state: EmulatedSite, operation: SiteOperation): number =>
  Math.round(SITE_SECONDS[operation](state.seed) * variation(state.seed, operation) * 1_000);
