import { FailoverType, type FailureAnswer, type OnFailure, type Verb } from "../../src/domain/vocabulary.js";
import type { FaultInput } from "../../src/hypervisor/port.js";
import type { Estate } from "../support/estates.js";
import type { Circumstance, Journey } from "./journey.js";
import { cancelled, hoursLater, itemsUnreadable, pointsGone } from "./meanwhile.js";

const hangs = (operation: FaultInput["operation"]) => ({ operation, mode: "hang" }) as const;
const refuses = (operation: FaultInput["operation"]) => ({ operation, mode: "refuse", times: 1 }) as const;
const fails = (operation: FaultInput["operation"]) => ({ operation, mode: "fail-before", times: 2 }) as const;

const ASKED_OF: readonly Verb[] = ["test-failover", "planned-failover", "unplanned-failover", "full-run"];
const asks = (onItemFailure: OnFailure) => (plan: Estate["plan"]) => ({
  ...plan,
  failurePolicy: Object.fromEntries(ASKED_OF.map((verb) => [verb, { onItemFailure, onActionFailure: onItemFailure }])),
});
const answered = (...failures: FailureAnswer[]): Pick<Circumstance, "answers"> => ({ answers: { failures } });

/** The shutdown in reverse order, manual actions at every place that has some, and questions about failures. */
const withActions = (plan: Estate["plan"]): Estate["plan"] => {
  const failoverTypes = [...FailoverType.options];
  const manual = (id: string) => ({ id, name: id, kind: "manual" as const, instructions: "Look." });
  const action = (id: string) => ({ ...manual(id), failoverTypes });
  const around = (verb: string) => ({ before: [manual(`before-${verb}`)], after: [manual(`after-${verb}`)] });
  return {
    ...asks("ask")(plan),
    actions: {
      "test-clean-up": around("test-clean-up"),
      commit: around("commit"),
      reprotect: around("reprotect"),
    },
    shutdown: { order: "reverse-group-order", before: [action("before-shutdown")], after: [action("after-shutdown")] },
    groups: plan.groups.map((group) => ({
      ...group,
      before: [action(`before-${group.id}`)],
      after: [action(`after-${group.id}`)],
    })),
  };
};

/** Nobody listens there: a delivery fails at once and in the same words everywhere. */
const UNHEARD = "http://127.0.0.1:9/hook";

/** Notifications and a webhook that nobody receives, and machines that are probed. */
const withWebhooks = (plan: Estate["plan"]): Estate["plan"] => ({
  ...plan,
  notifications: [{ url: UNHEARD }],
  groups: plan.groups.map((group) => ({
    ...group,
    before: [
      {
        id: `hook-${group.id}`,
        name: group.id,
        kind: "webhook" as const,
        failoverTypes: [...FailoverType.options],
        url: UNHEARD,
        retries: 1,
        onFailure: "continue" as const,
      },
    ],
    items: group.items.map((item) => ({ ...item, probes: [{ kind: "power" as const }] })),
  })),
});

const AWAY = { target: { siteId: "away" }, mode: "refuse" } as const;
const networkStays: Circumstance = {
  label: "network-left",
  fault: { ...AWAY, operation: "remove-test-network" },
  ends: "succeeded-with-failures",
};
const recoveryPoint = { kind: "latest-crash-consistent" } as const;
const nothingPromoted: Circumstance = { label: "refused", fault: AWAY, ends: "failed" };
const networkGoes: Circumstance = { label: "network-left" };

export const JOURNEYS: readonly Journey[] = [
  {
    scenario: "vmware-to-azure",
    runs: [
      ["test-failover"],
      ["test-clean-up"],
      ["planned-failover"],
      ["change-recovery-point"],
      ["commit"],
      ["reprotect"],
      ["failback"],
      ["commit"],
      ["reprotect"],
      ["resynchronise"],
      ["disable-replication"],
      ["enable-replication"],
    ],
  },
  {
    scenario: "hyperv-to-hyperv",
    runs: [
      ["full-run"],
      ["resynchronise"],
      [
        "test-failover",
        {
          label: "cancelled",
          fault: hangs("start-test-copy"),
          meanwhile: cancelled("restore-protection"),
          ends: "cancelled",
        },
      ],
      ["test-failover"],
      ["test-clean-up"],
      ["planned-failback", { before: hoursLater }],
      ["change-recovery-point"],
      ["cancel-failover"],
      ["test-failover"],
      ["promote-test"],
      ["commit"],
      ["disable-replication"],
    ],
  },
  { scenario: "hyperv-to-hyperv", runs: [["full-run"], ["full-run"]] },
  { scenario: "azure-to-azure", runs: [["test-failover"], ["promote-test"], ["cancel-failover"]] },
  {
    scenario: "azure-to-azure",
    runs: [
      ["unplanned-failover"],
      ["cancel-failover"],
      [
        "test-failover",
        {
          label: "cancelled",
          fault: hangs("start-test-copy"),
          meanwhile: cancelled("restore-protection"),
          ends: "cancelled",
        },
      ],
      ["planned-failover", { label: "rejected", answers: { verdict: "reject" }, ends: "failed" }],
      ["planned-failover", { label: "retried-faults", fault: fails("promote-replica") }],
      ["cancel-failover", { label: "retried-faults", fault: fails("restart-source") }],
      ["planned-failover", { label: "shutdown-refused", fault: refuses("shut-down-source"), ends: "failed" }],
      ["unplanned-failover", { label: "shutdown-refused", fault: refuses("shut-down-source") }],
      ["cancel-failover"],
      [
        "unplanned-failover",
        { label: "failed-step", fault: refuses("start-replica"), ends: "succeeded-with-failures" },
      ],
      ["unplanned-failover"],
      [
        "commit",
        { label: "lost-answer", fault: { operation: "delete-recovery-points", mode: "fail-after", times: 9 } },
      ],
    ],
  },
  {
    scenario: "azure-to-azure",
    runs: [
      [
        "planned-failover",
        {
          label: "woken",
          fault: hangs("shut-down-source"),
          meanwhile: cancelled("restore-protection"),
          ends: "cancelled",
        },
      ],
      [
        "unplanned-failover",
        { label: "stopped", fault: hangs("promote-replica"), meanwhile: cancelled("as-documented"), ends: "cancelled" },
      ],
      ["unplanned-failover", { label: "source-left-alone", options: { sourceShutdown: "skip" } }],
    ],
  },
  {
    scenario: "azure-to-azure",
    plan: withActions,
    runs: [
      ["planned-failover", { label: "retried", fault: refuses("start-replica"), ...answered("retry") }],
      ["cancel-failover"],
      ["planned-failover", { label: "shutdown-retried", fault: refuses("final-synchronise"), ...answered("retry") }],
      ["cancel-failover"],
      [
        "planned-failover",
        { label: "skipped", fault: refuses("shut-down-source"), ...answered("skip"), ends: "succeeded-with-failures" },
      ],
      ["cancel-failover"],
      ["test-failover", { label: "retried", fault: refuses("start-test-copy"), ...answered("retry") }],
      ["test-clean-up", { label: "with-actions" }],
      [
        "test-failover",
        {
          label: "no-points-retried",
          options: { recoveryPoint },
          meanwhile: pointsGone(2),
          ...answered("retry", "stop"),
          ends: "failed",
        },
      ],
      ["test-failover"],
      [
        "test-clean-up",
        {
          label: "forced",
          fault: refuses("remove-test-copy"),
          options: { force: { reason: "it stays" } },
          ends: "succeeded-with-failures",
        },
      ],
      ["test-clean-up", { label: "given-up" }],
      ["planned-failover", { label: "undone", fault: refuses("start-replica"), ...answered("undo"), ends: "failed" }],
      ["planned-failover", { label: "declined", answers: { done: false, failures: ["undo"] }, ends: "failed" }],
    ],
  },
  {
    scenario: "azure-to-azure",
    runs: [
      ["test-failover"],
      ["promote-test", networkStays],
      ["cancel-failover", networkGoes],
      ["test-failover"],
      ["promote-test", nothingPromoted],
      ["unplanned-failover", networkGoes],
      ["cancel-failover"],
      ["test-failover"],
      ["promote-test", nothingPromoted],
      ["planned-failover", networkGoes],
      ["cancel-failover"],
      ["test-failover"],
      ["promote-test", nothingPromoted],
      ["cancel-failover", { label: "copy-left" }],
      ["test-failover"],
      [
        "promote-test",
        {
          label: "cancelled",
          fault: hangs("promote-test-copy"),
          meanwhile: cancelled("restore-protection"),
          ends: "cancelled",
        },
      ],
      ["test-failover"],
      ["promote-test", networkStays],
      ["commit", networkGoes],
    ],
  },
  {
    scenario: "azure-to-azure",
    plan: withWebhooks,
    runs: [
      ["test-failover", { label: "with-webhooks", ends: "succeeded-with-failures" }],
      ["test-clean-up", { label: "with-webhooks" }],
      ["planned-failover", { label: "with-webhooks", ends: "succeeded-with-failures" }],
    ],
  },
  {
    scenario: "azure-to-azure",
    runs: [
      ["test-failover", { label: "no-points", options: { recoveryPoint }, meanwhile: pointsGone(3), ends: "failed" }],
      ["planned-failover", { label: "unreadable", meanwhile: itemsUnreadable, ends: "failed" }],
      [
        "disable-replication",
        { label: "lost-answer", fault: { operation: "disable-replication", mode: "fail-after", times: 9 } },
      ],
    ],
  },
  {
    scenario: "vmware-to-azure",
    runs: [
      ["planned-failover"],
      ["commit"],
      ["reprotect"],
      ["failback"],
      ["commit", { label: "old-machine-left", fault: refuses("remove-old-machine"), ends: "succeeded-with-failures" }],
      ["disable-replication", { label: "after-failback" }],
    ],
  },
  { scenario: "vmware-to-azure", machines: 17, runs: [["resynchronise", { label: "sliced" }]] },
  { scenario: "vmware-to-azure", plan: withActions, runs: [["full-run", { label: "with-actions" }]] },
  {
    scenario: "vmware-to-azure",
    runs: [
      ["unplanned-failover"],
      ["commit"],
      ["reprotect", { label: "failed-step", fault: refuses("reverse-replication"), ends: "succeeded-with-failures" }],
      ["reprotect"],
      ["planned-failback", { label: "rejected", answers: { verdict: "reject" }, ends: "failed" }],
    ],
  },
];
