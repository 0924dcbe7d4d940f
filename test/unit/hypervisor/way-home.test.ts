import { inject } from "vitest";
import { createAzureTables } from "../../../src/store/tables/azure-tables.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { hypervisorHomeSuite } from "../../suites/hypervisor-home.suite.js";
import { randomPrefix } from "../../suites/tables.js";

hypervisorHomeSuite("memory", createMemoryTables);
hypervisorHomeSuite("Table Storage", () => createAzureTables(inject("storage"), randomPrefix()));
