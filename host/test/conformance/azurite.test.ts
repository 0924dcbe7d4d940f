import { inject } from "vitest";
import { systemClock } from "../../clock.js";
import { TableHistoryStore } from "../../durable/store/table-store.js";
import { silentLogger } from "../../logger.js";
import { conformance } from "./scenarios.js";

conformance({
  label: "Azurite, real time",
  virtual: false,
  replay: "normal",
  manyEvents: 1_000,
  openStore: (hubName) =>
    new TableHistoryStore({
      connectionString: inject("storage"),
      hubName,
      clock: systemClock,
      logger: silentLogger,
    }),
});
