import type { Estate } from "../support/estates.js";
import type { Journey } from "./journey.js";
import { continuedWithout, nameTaken, nameTakenLater, siteChangedBeforeVerdict } from "./meanwhile.js";

/** The web machine may stay behind. */
const webIsOptional = (plan: Estate["plan"]): Estate["plan"] => ({
  ...plan,
  groups: plan.groups.map((group) => ({
    ...group,
    items: group.items.map((item) => (item.id === "web" ? { ...item, criticality: "optional" as const } : item)),
  })),
});

const ends = "succeeded-with-failures";

/** What is decided about machines before and while an execution runs: by the start, by its looks at the estate, by people. */
export const DECISION_JOURNEYS: readonly Journey[] = [
  {
    scenario: "azure-to-azure",
    plan: webIsOptional,
    runs: [
      ["planned-failover", { label: "excluded", options: { without: ["web"] } }],
      ["cancel-failover"],
      ["unplanned-failover", { label: "left-out-at-start", before: nameTaken("web"), ends }],
    ],
  },
  {
    scenario: "azure-to-azure",
    plan: webIsOptional,
    runs: [["planned-failover", { label: "left-out-at-first-look", meanwhile: nameTakenLater("web"), ends }]],
  },
  {
    scenario: "azure-to-azure",
    plan: webIsOptional,
    runs: [
      ["planned-failover", { label: "unfit-before-its-group", meanwhile: nameTakenLater("web", "groups/data"), ends }],
    ],
  },
  {
    scenario: "vmware-to-azure",
    runs: [
      [
        "unplanned-failover",
        {
          label: "continued-without-shutdown",
          fault: { operation: "shut-down-source", mode: "hang" },
          meanwhile: continuedWithout,
        },
      ],
      [
        "change-recovery-point",
        { label: "app-consistent", options: { recoveryPoint: { kind: "latest-app-consistent" } } },
      ],
      ["cancel-failover"],
      [
        "planned-failover",
        {
          label: "continued-without",
          fault: { operation: "start-replica", mode: "hang" },
          meanwhile: continuedWithout,
          ends,
        },
      ],
    ],
  },
  {
    scenario: "vmware-to-azure",
    runs: [
      ["test-failover"],
      [
        "test-clean-up",
        {
          label: "forced",
          fault: { operation: "remove-test-copy", mode: "fail-before" },
          options: { force: { reason: "its storage is being replaced" } },
          ends,
        },
      ],
      ["test-clean-up", { label: "of-leftovers" }],
      [
        "full-run",
        {
          label: "no-way-home",
          meanwhile: siteChangedBeforeVerdict("home", { configurationServer: null }),
          ends: "failed",
        },
      ],
    ],
  },
];
