/** Path of the management API on the host's own server. */
export const MANAGEMENT_PATH = "/runtime/webhooks/durabletask/";

/** What links into the management API are made of. */
export interface LinkTarget {
  hubName: string;
  /** Name of the storage connection as shown in links. */
  connectionName: string;
  /** Asked for as `?code=` when present. */
  systemKey?: string | undefined;
}

/** The links of one instance that an answer to a start carries, `id` first. */
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
 * What a `durableClient` input receives, as JSON text. `durable-functions` makes its calls at `rpcBaseUrl` and its
 * check-status answers from `managementUrls`.
 *
 * @param baseUrl address of the host without a slash at the end.
 * @param rpcBaseUrl address of the loopback API, with a slash at the end.
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
