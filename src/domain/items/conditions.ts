import { SCENARIO_TRAITS } from "../scenario-traits.js";
import type { Site } from "../worlds/world.js";
import type { ItemCondition } from "./item-record.js";
import type { ItemSnapshot, NoticedCondition } from "./snapshot.js";

/** Where an item stands: what the hypervisor sees of it, and the site it comes from. */
interface Standing {
  snapshot: ItemSnapshot;
  home: Site;
}

/** One hazard that is not a state. `looks` answers since when, `always` for what ever was so, or null when it is not. */
interface ConditionRow {
  type: ItemCondition["type"];
  looks: (standing: Standing) => string | "always" | null;
  whatToDo: string;
}

const noticed =
  (type: NoticedCondition): ConditionRow["looks"] =>
  ({ snapshot }) =>
    snapshot.conditions.find((condition) => condition.type === type)?.since ?? null;

/** Hazards of the way home concern what comes home through a master target. */
const onTheWayHome =
  (isSo: (standing: Standing) => boolean): ConditionRow["looks"] =>
  (standing) =>
    SCENARIO_TRAITS[standing.snapshot.item.scenario].failbackThrough === "master-target" && isSo(standing)
      ? "always"
      : null;

/** Every hazard that an item can show, with what to do about it (V8). */
const CONDITIONS: readonly ConditionRow[] = [
  {
    type: "split-brain",
    looks: noticed("split-brain"),
    whatToDo:
      "Both copies are on. The one that was failed over from is held off writes, since its epoch is old. Shut it down, or cancel the failover to go back to it.",
  },
  {
    type: "address-is-dhcp",
    looks: noticed("address-is-dhcp"),
    whatToDo: "The static address became DHCP on the way home. Set the address by hand in the guest.",
  },
  {
    type: "network-manager-lost",
    looks: noticed("network-manager-lost"),
    whatToDo:
      "The machine lost its NetworkManager package, and its interface with it. Install the package in the guest.",
  },
  {
    type: "read-only-account",
    looks: onTheWayHome(({ home }) => home.vCenter?.accountRole === "read-only"),
    whatToDo:
      "The discovery account of the vCenter is read-only: a failover works, and reprotect will not find the datastores. Give the account the full role.",
  },
  {
    type: "free-licence",
    looks: onTheWayHome(({ snapshot, home }) =>
      home.hosts.some(({ id, licence }) => id === snapshot.machine.hostId && licence === "free"),
    ),
    whatToDo:
      "The ESXi host has a free licence: a failover works, and failback will be refused. Licence the host, or fail back to another.",
  },
];

/** The hazards of an item as it stands, each with what to do. */
export function conditionsOf(standing: Standing): ItemCondition[] {
  return CONDITIONS.flatMap(({ type, looks, whatToDo }) => {
    const since = looks(standing);
    return since === null ? [] : [{ type, since: since === "always" ? null : since, whatToDo }];
  });
}
