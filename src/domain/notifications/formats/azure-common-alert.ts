import type { HashFunction } from "../../identity.js";
import { guidOf } from "../../identity.js";
import { matterOf, type NotificationEvent, type Severity } from "../event.js";
import type { EventLink } from "./cloud-event.js";

const SEVERITIES: Readonly<Record<Severity, string>> = {
  critical: "Sev0",
  error: "Sev1",
  warning: "Sev2",
  info: "Sev3",
};

/** The schema has ids of Azure resources. This installation belongs to no subscription. */
const NO_SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000";

/** An alert of the common alert schema of Azure Monitor. What belongs to one execution is one alert. */
export function azureCommonAlert(
  event: NotificationEvent,
  messageId: string,
  link: EventLink,
  hash: HashFunction,
): object {
  const { kind, at, planId, worldId, executionId, text, facts, data, ends, severity } = event;
  const target = planId === null ? `worlds/${worldId}` : `recoveryplans/${planId}`;
  return {
    schemaId: "azureMonitorCommonAlertSchema",
    data: {
      essentials: {
        alertId: `${NO_SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts/${guidOf(hash(matterOf(event)))}`,
        alertRule: `secondsite ${kind}`,
        severity: SEVERITIES[severity],
        signalType: "Log",
        monitorCondition: ends ? "Resolved" : "Fired",
        monitoringService: "Secondsite",
        alertTargetIDs: [`${NO_SUBSCRIPTION}/resourcegroups/secondsite/providers/secondsite/${target}`.toLowerCase()],
        configurationItems: [planId ?? worldId ?? "secondsite"],
        originAlertId: messageId,
        firedDateTime: at,
        ...(ends && { resolvedDateTime: at }),
        description: text,
        essentialsVersion: "1.0",
        alertContextVersion: "1.0",
      },
      alertContext: { event: kind, executionId, planId, worldId, ...data, link },
      customProperties: Object.fromEntries(facts.map(({ title, value }) => [title, value])),
    },
  };
}
