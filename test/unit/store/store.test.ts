import { inject } from "vitest";
import { createAzureTables } from "../../../src/store/tables/azure-tables.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { storeSuite } from "../../suites/store.suite.js";
import { randomPrefix } from "../../suites/tables.js";

storeSuite("memory", createMemoryTables);
storeSuite("Table Storage", () => createAzureTables(inject("storage"), randomPrefix()));
