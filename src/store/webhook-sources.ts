import { WebhookSource } from "../domain/webhooks/source.js";
import { savedRecords } from "./saved-records.js";

export const SOURCES = savedRecords({ what: "webhook source", schema: 1, shape: WebhookSource }, "sources");
