import { eventOf } from "../domain/notifications/execution-words.js";
import { publishEvent as contract } from "../executions/contracts.js";
import { publish } from "../notifications/publish.js";
import { tellSplitBrain } from "../notifications/tell-split-brain.js";
import { activity } from "./activity.js";

export const publishEvent = activity(contract, async (ports, { executionId, key, kind, at, news }) => {
  const event = eventOf({ eventId: `${executionId}/${key}`, executionId, kind, at }, news);
  await publish(ports, event, news.plan);
  // After the end, because the end of an execution that succeeded closes the incident that it is.
  if (kind === "ended") await tellSplitBrain(ports, executionId, at);
  return {};
});
