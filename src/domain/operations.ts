/** Every operation of the hypervisor by name, on items and on sites: what a fault may be put on. */
export const OPERATIONS = [
  "shut-down-source",
  "final-synchronise",
  "process-pending-data",
  "stop-replication",
  "promote-replica",
  "start-replica",
  "delete-recovery-points",
  "demote-replica",
  "restart-source",
  "restore-replication",
  "create-test-copy",
  "start-test-copy",
  "remove-test-copy",
  "promote-test-copy",
  "await-agent",
  "reverse-replication",
  "remove-old-machine",
  "disable-replication",
  "enable-replication",
  "resynchronise",
  "create-test-network",
  "remove-test-network",
  "deploy-process-server",
] as const;

/** Operations under way at each hypervisor, unless the settings say otherwise. */
export const MAX_CONCURRENT_OPERATIONS = 100;
