import { findTestLeftovers as find } from "../executions/test-leftovers.js";
import { findTestLeftovers as contract } from "../steps/contracts.js";
import { activity } from "./activity.js";

export const findTestLeftovers = activity(contract, find);
