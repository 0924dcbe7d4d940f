import type { TaskHub } from "../task-hub.js";
import { type Answer, notServed, RequestError } from "./answer.js";
import { addEvent, instanceStatus, listInstances, purgeInstance, purgeInstances, steer } from "./instance-routes.js";
import type { ManagementRequest, RouteContext } from "./management-request.js";
import { restartInstance, startInstance } from "./start-routes.js";

type Route = (request: ManagementRequest, context: RouteContext) => Promise<Answer>;

const NOT_FOUND: Answer = { status: 404 };

/**
 * Answers one request to the management API.
 *
 * @throws RequestError or TaskHubError when the request is refused
 */
export async function route(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  const [collection = ""] = request.segments;
  const serve = COLLECTIONS.get(collection.toLowerCase())?.(request);
  if (!serve) return NOT_FOUND;
  refuseOtherHub(request, context.hub);
  return serve(request, context);
}

/** Maps, because an object has the names of its prototype too, and a caller may send such a name. */
const COLLECTIONS = new Map<string, (request: ManagementRequest) => Route | undefined>(
  Object.entries({
    orchestrators: ({ method, segments }) => {
      const named = segments.length === 2 || segments.length === 3;
      return method === "POST" && named ? startInstance : undefined;
    },
    instances: ({ method, segments }) => {
      if (segments.length === 1) return ALL_INSTANCES.get(method);
      if (segments.length === 2) return ONE_INSTANCE.get(method);
      return method === "POST" ? operation(segments) : undefined;
    },
    entities: () => async () => {
      throw notServed("Entities are", "Keep the state in a table, or run the app on a genuine Functions host.");
    },
    // A hub has only one host, which is therefore the primary host.
    makeprimary: ({ method, segments }) =>
      method === "POST" && segments.length === 1 ? async () => ({ status: 200 }) : undefined,
  }),
);

const ALL_INSTANCES = new Map<string, Route>(Object.entries({ GET: listInstances, DELETE: purgeInstances }));

const ONE_INSTANCE = new Map<string, Route>(Object.entries({ GET: instanceStatus, DELETE: purgeInstance }));

const OPERATIONS = new Map<string, Route>(
  Object.entries({
    terminate: steer("terminate"),
    suspend: steer("suspend"),
    resume: steer("resume"),
    restart: restartInstance,
    rewind: async () => {
      throw notServed("Rewind is", "Restart the instance instead, which runs it again from the beginning.");
    },
  }),
);

function operation(segments: readonly string[]): Route | undefined {
  const name = segments[2]?.toLowerCase() ?? "";
  if (segments.length === 4) return name === "raiseevent" ? addEvent : undefined;
  return segments.length === 3 ? OPERATIONS.get(name) : undefined;
}

function refuseOtherHub(request: ManagementRequest, hub: TaskHub): void {
  const requested = request.query.taskhub;
  if (requested === undefined || requested.toLowerCase() === hub.name.toLowerCase()) return;
  throw new RequestError(400, {
    Message: `This host serves only the task hub '${hub.name}', but the request names '${requested}'. Leave out 'taskHub', or send the request to the host of that hub.`,
  });
}
