import type { Broken } from "./estate.js";

/** A reprotect of items that have failed over and are committed. */
const reprotecting = { verb: "reprotect", stage: "away" } as const;
const alternate = { location: "alternate", datastoreId: "ssd" } as const;

/** Prerequisites of the servers that a failback goes through. */
export const BROKEN_FOR_SERVERS: readonly Broken[] = [
  {
    code: "process-server-network",
    ...reprotecting,
    breaks: ({ processServer }) => (processServer.networkId = "net-other"),
    found: "process server ps is in network net-other, the machine in net-away",
    fix: (repair) => repair.processServer(),
  },
  {
    code: "master-target-choice",
    ...reprotecting,
    breaks: ({ home, masterTarget }) => home.masterTargets?.push({ ...masterTarget, id: "mt-2" }),
    found: "mt and mt-2 could write the disks of vm, and the options name none of them alone",
    instead: { masterTargetId: "mt" },
  },
  {
    code: "process-server",
    ...reprotecting,
    breaks: ({ away }) => (away.processServers = []),
    found: "away-process-server has no process server",
    fix: (repair) => repair.processServer(),
  },
  {
    code: "process-server-place",
    ...reprotecting,
    breaks: ({ home, away, link, processServer }) => {
      home.processServers = [processServer];
      away.processServers = [];
      link.kind = "expressroute";
    },
    found: "the process server ps is at home-process-server-place, at the other end of ExpressRoute",
    fix: (repair) => repair.processServer(),
  },
  {
    code: "process-server-ports",
    ...reprotecting,
    breaks: ({ processServer }) => (processServer.openPorts = [443]),
    found: "process server ps does not listen on 9443",
    fix: (repair) => repair.site("away", { processServers: [{ id: "ps", openPorts: [443, 9443] }] }),
  },
  {
    code: "master-target",
    ...reprotecting,
    breaks: ({ home }) => (home.masterTargets = []),
    found: "home-master-target has no master target",
    fix: (repair) => repair.masterTarget({}),
  },
  {
    code: "master-target-system",
    ...reprotecting,
    breaks: ({ masterTarget }) => (masterTarget.osFamily = "linux"),
    found: "master target mt runs linux, the machine windows",
    fix: (repair) => repair.masterTarget({ osFamily: "windows" }, "mt-2"),
  },
  {
    code: "master-target-disks",
    ...reprotecting,
    breaks: ({ masterTarget }) => (masterTarget.attachedDisks = 59),
    found: "master target mt would have 61 disks of 60",
    fix: (repair) => repair.masterTarget({ attachedDisks: 0 }, "mt-2"),
    instead: { masterTargetId: "mt-2" },
  },
  {
    code: "master-target-uuid",
    ...reprotecting,
    breaks: ({ machine, masterTarget }) => {
      Object.assign(machine, { osFamily: "linux", os: "Ubuntu 24.04" });
      Object.assign(masterTarget, { osFamily: "linux", diskEnableUuid: false });
    },
    found: "disk.EnableUUID of master target mt is not TRUE",
    fix: (repair) => repair.masterTarget({ diskEnableUuid: true }),
  },
  {
    code: "master-target-vmotion",
    ...reprotecting,
    breaks: ({ masterTarget }) => (masterTarget.storageVMotion = true),
    found: "master target mt is moved by storage vMotion",
    fix: (repair) => repair.masterTarget({ storageVMotion: false }),
  },
  {
    code: "master-target-scsi",
    ...reprotecting,
    breaks: ({ masterTarget, machine }) => {
      Object.assign(masterTarget, { osFamily: "linux", scsiIds: ["36000c291", "36000c291"] });
      machine.osFamily = "linux";
    },
    found: "two disks of master target mt have the SCSI id 36000c291",
    fix: (repair) => repair.masterTarget({ scsiIds: ["36000c291", "36000c292"] }),
  },
  {
    code: "retention-drive",
    ...reprotecting,
    breaks: ({ masterTarget }) => delete masterTarget.retentionDrive,
    found: "master target mt has no retention drive",
    fix: (repair) => repair.masterTarget({ retentionDrive: "R:" }),
  },
  {
    code: "datastore",
    ...reprotecting,
    asked: { location: "alternate", datastoreId: undefined },
    found: "vm is created as a new machine at home-datastore, so the options must name a datastore",
    instead: { location: "alternate", datastoreId: "ssd" },
  },
  {
    code: "datastore-reach",
    ...reprotecting,
    breaks: ({ masterTarget }) => (masterTarget.datastoreIds = []),
    found: "master target mt cannot read and write datastore ssd",
    fix: (repair) => repair.masterTarget({ datastoreIds: ["ssd"] }),
  },
  {
    code: "datastore-space",
    ...reprotecting,
    asked: alternate,
    breaks: ({ home }) => (home.datastores = [{ id: "ssd", capacityGb: 500, freeGb: 200 }]),
    found: "the machine needs 300 GB, ssd has 200",
    fix: (repair) => repair.site("home", { datastores: [{ id: "ssd", capacityGb: 500, freeGb: 400 }] }),
  },
];
