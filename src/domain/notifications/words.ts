import type { NotificationEvent, NotificationKind } from "./event.js";

const HEADLINES: Readonly<Record<NotificationKind, string>> = {
  started: "Execution started",
  progress: "Execution goes on",
  "awaiting-input": "A person is awaited",
  "item-failed": "Items failed",
  ended: "Execution ended",
  "approval-asked": "Approval needed",
  "drill-due": "A drill is due",
  "drill-verdict": "Verdict of a drill",
  "readiness-changed": "Readiness changed",
  "replication-unhealthy": "Replication is unhealthy",
  "split-brain-risk": "Two copies may both write",
};

export const headlineOf = ({ kind }: NotificationEvent): string => HEADLINES[kind];
