import { itemOperation } from "./activity.js";
import {
  disableReplication as disableContract,
  enableReplication as enableContract,
  resynchronise as resynchroniseContract,
} from "./contracts/machines.js";

/** Ends the protection of an item at home and cleans up what the scenario lets it (A10). */
export const disableReplication = itemOperation(
  disableContract,
  "disable-replication",
  "forward",
  () => ({}),
  ({ removed }) => ({ removed }),
);

/** Protects an item anew, by a full copy. */
export const enableReplication = itemOperation(
  enableContract,
  "enable-replication",
  "forward",
  () => ({}),
  () => ({}),
);

/** Compares both copies of an item and sends what differs. */
export const resynchronise = itemOperation(
  resynchroniseContract,
  "resynchronise",
  "forward",
  () => ({}),
  () => ({}),
);
