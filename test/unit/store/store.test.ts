import { inject } from "vitest";
import { createAzureTables } from "../../../src/store/tables/azure-tables.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { storeSuite } from "../../suites/store.suite.js";
import { storeRecordsSuite } from "../../suites/store-records.suite.js";
import { storeWebhooksSuite } from "../../suites/store-webhooks.suite.js";
import { storeWorldsSuite } from "../../suites/store-worlds.suite.js";
import { tablesSuite } from "../../suites/tables.suite.js";
import { uniquePrefix } from "../../support/azurite.js";

const azure = () => createAzureTables(inject("storage"), uniquePrefix());

storeSuite("memory", createMemoryTables);
storeSuite("Table Storage", azure);
storeWorldsSuite("memory", createMemoryTables);
storeWorldsSuite("Table Storage", azure);
storeRecordsSuite("memory", createMemoryTables);
storeRecordsSuite("Table Storage", azure);
storeWebhooksSuite("memory", createMemoryTables);
storeWebhooksSuite("Table Storage", azure);
tablesSuite("memory", createMemoryTables);
tablesSuite("Table Storage", azure);
