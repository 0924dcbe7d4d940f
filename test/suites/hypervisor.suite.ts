import type { Tables } from "../../src/store/tables/port.js";
import { cacheSuite } from "./hypervisor-caches.suite.js";
import { failoverSuite } from "./hypervisor-failover.suite.js";
import { faultSuite } from "./hypervisor-faults.suite.js";
import { limitSuite } from "./hypervisor-limits.suite.js";
import { occupancySuite } from "./hypervisor-occupancy.suite.js";
import { taskSuite } from "./hypervisor-tasks.suite.js";
import { hypervisorWorldsSuite } from "./hypervisor-worlds.suite.js";

/** The contract of a hypervisor, shown on the emulator with the given tables. */
export function hypervisorSuite(name: string, open: () => Tables): void {
  taskSuite(name, open);
  failoverSuite(name, open);
  faultSuite(name, open);
  limitSuite(name, open);
  occupancySuite(name, open);
  hypervisorWorldsSuite(name, open);
  cacheSuite(name, open);
}
