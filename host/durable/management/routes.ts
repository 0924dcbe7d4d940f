import type { TaskHub } from "../task-hub.js";
import { type Answer, notServed, RequestError } from "./answer.js";
import { addEvent, instanceStatus, listInstances, purgeInstance, purgeInstances, steer } from "./instance-routes.js";
import type { ManagementRequest, RouteContext } from "./management-request.js";
import { restartInstance, startInstance } from "./start-routes.js";

type Route = (request: ManagementRequest, context: RouteContext) => Promise<Answer>;

const NOT_FOUND: Answer = { status: 404 };

/**
 * Answers one request to the management API.
 * @throws RequestError or TaskHubError for what is refused.
 */
export async function route(request: ManagementRequest, context: RouteContext): Promise<Answer> {
  const [collection = ""] = request.segments;
  const serve = COLLECTIONS.get(collection.toLowerCase())?.(request);
  if (!serve) return NOT_FOUND;
  refuseOtherHub(request, context.hub);
  return serve(request, context);
}

/** Maps, since an object would also have what its prototype has, under names that a caller may choose. */
const COLLECTIONS = new Map<string, (request: ManagementRequest) => Route | undefined>(
  Object.entries({
    orchestrators: ({ method, segments }) => {
      const named = segments.length === 2 || segments.length === 3;
      return method === "POST" && named ? startInstance : undefined;
    },
    instances: ({ method, segments }) => {
      if (segments.length === 1) return ON_ALL.get(method);
      if (segments.length === 2) return ON_ONE.get(method);
      return method === "POST" ? operation(segments) : undefined;
    },
    entities: () => async () => {
      throw notServed("Entities are", "Keep such state in a table, or run the app on a genuine Functions host.");
    },
    // There is only ever one host per hub, which is therefore the primary one.
    makeprimary: ({ method, segments }) =>
      method === "POST" && segments.length === 1 ? async () => ({ status: 200 }) : undefined,
  }),
);

const ON_ALL = new Map<string, Route>(Object.entries({ GET: listInstances, DELETE: purgeInstances }));

const ON_ONE = new Map<string, Route>(Object.entries({ GET: instanceStatus, DELETE: purgeInstance }));

const OPERATIONS = new Map<string, Route>(
  Object.entries({
    terminate: steer("terminate"),
    suspend: steer("suspend"),
    resume: steer("resume"),
    restart: restartInstance,
    rewind: async () => {
      throw notServed("Rewind is", "Restart the instance instead, which runs it again from its beginning.");
    },
  }),
);

function operation(segments: readonly string[]): Route | undefined {
  const name = segments[2]?.toLowerCase() ?? "";
  if (segments.length === 4) return name === "raiseevent" ? addEvent : undefined;
  return segments.length === 3 ? OPERATIONS.get(name) : undefined;
}

function refuseOtherHub(request: ManagementRequest, hub: TaskHub): void {
  const asked = request.query.taskhub;
  if (asked === undefined || asked.toLowerCase() === hub.name.toLowerCase()) return;
  throw new RequestError(400, {
    Message: `This host serves the task hub '${hub.name}' and no other, but '${asked}' was asked for. Leave 'taskHub' out, or ask the host of that hub.`,
  });
}
