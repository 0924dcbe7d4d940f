import { app } from "@azure/functions";
import { app as durable, getClient, input } from "durable-functions";

/** One route per thing the client can do; the answer is what it gave back, or how it failed. */
const operations = {
  start: (client, id, body) => client.startNew(body.name, { instanceId: id, input: body.input }),
  status: (client, id, body) => client.getStatus(id, body ?? {}),
  all: async (client) => (await client.getStatusAll()).map((status) => status.instanceId),
  by: async (client, _id, body) => (await client.getStatusBy(filter(body))).map((status) => status.instanceId),
  raise: (client, id, body) => client.raiseEvent(id, body.event, body.data),
  terminate: (client, id, body) => client.terminate(id, body.reason),
  suspend: (client, id, body) => client.suspend(id, body.reason),
  resume: (client, id, body) => client.resume(id, body.reason),
  rewind: (client, id, body) => client.rewind(id, body.reason),
  purge: (client, id) => client.purgeInstanceHistory(id),
  purgeBy: (client, _id, body) => client.purgeInstanceHistoryBy(filter(body)),
  payload: (client, id) => client.createHttpManagementPayload(id),
};

const filter = ({ from, to, statuses }) => ({
  createdTimeFrom: from && new Date(from),
  createdTimeTo: to && new Date(to),
  runtimeStatus: statuses,
});

app.http("client", {
  route: "client/{operation}/{id?}",
  methods: ["POST"],
  authLevel: "anonymous",
  extraInputs: [input.durableClient()],
  handler: async (request, context) => {
    const { operation, id } = request.params;
    const text = await request.text();
    try {
      const value = await operations[operation](getClient(context), id, text === "" ? undefined : JSON.parse(text));
      return { jsonBody: { value } };
    } catch (error) {
      return { status: 422, jsonBody: { message: error.message } };
    }
  },
});

durable.client.http("starter", {
  route: "starter/{name}",
  methods: ["POST"],
  authLevel: "anonymous",
  handler: async (request, client) => {
    const id = await client.startNew(request.params.name, { input: await request.json() });
    return client.createCheckStatusResponse(request, id);
  },
});

durable.client.http("waiter", {
  route: "waiter/{name}",
  methods: ["POST"],
  authLevel: "anonymous",
  handler: async (request, client) => {
    const id = await client.startNew(request.params.name, { input: await request.json() });
    const patience = { timeoutInMilliseconds: 20_000, retryIntervalInMilliseconds: 50 };
    return client.waitForCompletionOrCreateCheckStatusResponse(request, id, patience);
  },
});
