/** The path of the management API on the host's own server. */
export const MANAGEMENT_PATH = "/runtime/webhooks/durabletask/";

/** The parts of a link into the management API. */
export interface LinkTarget {
  hubName: string;
  /** The name of the storage connection, as links show it. */
  connectionName: string;
  /** Sent as `?code=` when present. */
  systemKey?: string | undefined;
}

/** The links in the answer to a start, with `id` first. */
export function instanceLinks(origin: string, instanceId: string, target: LinkTarget): Record<string, string> {
  const { rewindPostUri: _notInAnswers, ...links } = managementUrls(origin, encodeURIComponent(instanceId), target);
  return { id: instanceId, ...links };
}

function managementUrls(origin: string, id: string, target: LinkTarget) {
  const instance = `${origin}${MANAGEMENT_PATH}instances/${id}`;
  const key = target.systemKey === undefined ? "" : `&code=${encodeURIComponent(target.systemKey)}`;
  const suffix = `taskHub=${encodeURIComponent(target.hubName)}&connection=${encodeURIComponent(target.connectionName)}${key}`;
  return {
    statusQueryGetUri: `${instance}?${suffix}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${suffix}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${suffix}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${suffix}`,
    purgeHistoryDeleteUri: `${instance}?${suffix}`,
    restartPostUri: `${instance}/restart?${suffix}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${suffix}`,
    resumePostUri: `${instance}/resume?reason={text}&${suffix}`,
  };
}

/**
 * The JSON text that a `durableClient` input receives. `durable-functions` sends its calls to `rpcBaseUrl` and builds its
 * check-status responses from `managementUrls`.
 *
 * @param baseUrl the address of the host, without a trailing slash
 * @param rpcBaseUrl the address of the loopback API, with a trailing slash
 */
export function clientPayload(baseUrl: string, rpcBaseUrl: string, target: LinkTarget): string {
  const key = target.systemKey === undefined ? "" : `code=${encodeURIComponent(target.systemKey)}`;
  const create = `${baseUrl}${MANAGEMENT_PATH}orchestrators/{functionName}[/{instanceId}]`;
  return JSON.stringify({
    taskHubName: target.hubName,
    connectionName: null,
    creationUrls: {
      createNewInstancePostUri: withQuery(create, key),
      createAndWaitOnNewInstancePostUri: withQuery(
        create,
        "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}",
        key,
      ),
    },
    managementUrls: { id: "INSTANCEID", ...managementUrls(baseUrl, "INSTANCEID", target) },
    baseUrl: `${baseUrl}${MANAGEMENT_PATH.slice(0, -1)}`,
    requiredQueryStringParameters: key,
    rpcBaseUrl,
    httpBaseUrl: null,
  });
}

function withQuery(url: string, ...parts: string[]): string {
  const query = parts.filter((part) => part !== "").join("&");
  return query === "" ? url : `${url}?${query}`;
}
