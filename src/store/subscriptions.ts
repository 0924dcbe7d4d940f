import { Subscription } from "../domain/notifications/subscription.js";
import { savedRecords } from "./saved-records.js";

export const SUBSCRIPTIONS = savedRecords({ what: "subscription", schema: 1, shape: Subscription }, "subscriptions");
