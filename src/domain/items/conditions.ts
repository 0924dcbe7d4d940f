import { SCENARIO_TRAITS } from "../scenario-traits.js";
import type { Site } from "../worlds/world.js";
import type { ItemCondition } from "./item-record.js";
import type { ItemSnapshot, NoticedCondition } from "./snapshot.js";

/** What decides the conditions of an item. */
interface ConditionInput {
  snapshot: ItemSnapshot;
  home: Site;
}

/** A rule for one condition. `check` answers since when it holds, `always` if it has no beginning, or null. */
interface ConditionRule {
  type: ItemCondition["type"];
  check: (input: ConditionInput) => string | "always" | null;
  whatToDo: string;
}

const noticed =
  (type: NoticedCondition): ConditionRule["check"] =>
  ({ snapshot }) =>
    snapshot.conditions.find((condition) => condition.type === type)?.since ?? null;

/** Conditions that matter only for a failback through a master target. */
const duringFailback =
  (applies: (input: ConditionInput) => boolean): ConditionRule["check"] =>
  (input) =>
    SCENARIO_TRAITS[input.snapshot.item.scenario].failbackThrough === "master-target" && applies(input)
      ? "always"
      : null;

/** The conditions that follow from the estate, with what to do about each (V8). */
const CONDITIONS: readonly ConditionRule[] = [
  {
    type: "split-brain",
    check: noticed("split-brain"),
    whatToDo:
      "Both copies are on. The old source takes no writes, because its epoch is out of date. Shut it down, or cancel the failover to return to it.",
  },
  {
    type: "address-is-dhcp",
    check: noticed("address-is-dhcp"),
    whatToDo: "The static address became DHCP during the failback. Set the address in the guest.",
  },
  {
    type: "network-manager-lost",
    check: noticed("network-manager-lost"),
    whatToDo:
      "The machine lost its NetworkManager package, and therefore its network interface. Install the package in the guest.",
  },
  {
    type: "read-only-account",
    check: duringFailback(({ home }) => home.vCenter?.accountRole === "read-only"),
    whatToDo:
      "The discovery account of the vCenter is read-only. A failover works, but a reprotect does not find the datastores. Give the account the full role.",
  },
  {
    type: "free-licence",
    check: duringFailback(({ snapshot, home }) =>
      home.hosts.some(({ id, licence }) => id === snapshot.machine.hostId && licence === "free"),
    ),
    whatToDo:
      "The ESXi host has a free licence. A failover works, but a failback is refused. Buy a licence for the host, or fail back to another host.",
  },
];

/** The conditions of an item now, each with what to do. */
export function conditionsOf(input: ConditionInput): ItemCondition[] {
  return CONDITIONS.flatMap(({ type, check, whatToDo }) => {
    const since = check(input);
    return since === null ? [] : [{ type, since: since === "always" ? null : since, whatToDo }];
  });
}
