import type { Tables } from "../../src/store/tables/port.js";
import { failoverSuite } from "./hypervisor-failover.suite.js";
import { faultSuite } from "./hypervisor-faults.suite.js";
import { limitSuite } from "./hypervisor-limits.suite.js";
import { taskSuite } from "./hypervisor-tasks.suite.js";

/** What every hypervisor must do; shown here of the emulator, whatever tables it stands on. */
export function hypervisorSuite(name: string, open: () => Tables): void {
  taskSuite(name, open);
  failoverSuite(name, open);
  faultSuite(name, open);
  limitSuite(name, open);
}
