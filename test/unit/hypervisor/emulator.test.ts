import { inject } from "vitest";
import { createAzureTables } from "../../../src/store/tables/azure-tables.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { hypervisorSuite } from "../../suites/hypervisor.suite.js";
import { uniquePrefix } from "../../support/azurite.js";

hypervisorSuite("memory", createMemoryTables);
hypervisorSuite("Table Storage", () => createAzureTables(inject("storage"), uniquePrefix()));
