import { CLOUD_EVENT_TYPES, type NotificationEvent, pathOf } from "../event.js";

/** Where more can be read. The URL is null when the installation does not know its own address. */
export interface EventLink {
  path: string;
  url: string | null;
}

/** A CloudEvent 1.0 in structured JSON. Its id is the webhook id, so a receiver drops a repeated one by either. */
export function cloudEvent(event: NotificationEvent, messageId: string, link: EventLink): object {
  const { kind, at, planId, worldId, executionId, severity, text, data } = event;
  return {
    specversion: "1.0",
    id: messageId,
    source: pathOf(event),
    type: CLOUD_EVENT_TYPES[kind],
    ...(planId !== null && { subject: planId }),
    time: at,
    datacontenttype: "application/json",
    data: { event: kind, at, executionId, planId, worldId, severity, text, ...data, link },
  };
}
