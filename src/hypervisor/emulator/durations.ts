import type { ItemOperation, OperationName, SiteOperation } from "../port.js";
import { seededBetween } from "./seeded.js";
import type { EmulatedItem, EmulatedSite } from "./state.js";

const diskGb = ({ machine }: EmulatedItem): number => machine.disks.reduce((sum, { sizeGb }) => sum + sizeGb, 0);
const memoryGb = ({ machine }: EmulatedItem): number => machine.memoryMb / 1_024;

/** Physical servers and VMware Linux machines are converted before they start in Azure: 8 to 10 minutes more (P8). */
function hydrationSeconds({ item, machine, seed }: EmulatedItem): number {
  const converts =
    item.scenario === "physical-to-azure" || (item.scenario === "vmware-to-azure" && machine.osFamily === "linux");
  return converts ? seededBetween(seed, "hydration", 480, 600) : 0;
}

const bootSeconds = (state: EmulatedItem): number =>
  (state.machine.osFamily === "windows" ? 75 : 40) + memoryGb(state) * 0.5;

/** Operations that bring a machine into Azure, which converts it first. */
const CONVERTING: ReadonlySet<OperationName> = new Set(["promote-replica", "create-test-copy"]);

/** Emulated seconds for a machine of average temper; the seed moves them by a fifth either way. Conversion comes on top. */
const ITEM_SECONDS: Record<ItemOperation, (state: EmulatedItem) => number> = {
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
};

const SITE_SECONDS: Record<SiteOperation, number> = { "create-test-network": 20, "remove-test-network": 15 };

const temper = (seed: number, operation: OperationName): number => seededBetween(seed, operation, 0.8, 1.2);

/** How long an operation on an item takes, in emulated milliseconds; the same every time for the same seed. */
export function itemDurationMs(state: EmulatedItem, operation: ItemOperation): number {
  const converting = CONVERTING.has(operation) ? hydrationSeconds(state) : 0;
  return Math.round((ITEM_SECONDS[operation](state) * temper(state.seed, operation) + converting) * 1_000);
}

export const siteDurationMs = (state: EmulatedSite, operation: SiteOperation): number =>
  Math.round(SITE_SECONDS[operation] * temper(state.seed, operation) * 1_000);
