import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import fc from "fast-check";
import { EngineTaskHub, VirtualClock } from "../../../host/durable/engine/index.js";
import { type Answer, answerToError } from "../../../host/durable/management/answer.js";
import { MANAGEMENT_PATH } from "../../../host/durable/management/client-payload.js";
import { managementRequest } from "../../../host/durable/management/management-request.js";
import { route } from "../../../host/durable/management/routes.js";
import { MemoryHistoryStore } from "../../../host/durable/store/memory-store.js";
import { silentLogger } from "../../../host/logger.js";
import { loadApp } from "../app.js";
import { change, changed, nastyText } from "../mutate.js";
import { bomb, type Pieces, plain, textOf } from "../pieces.js";
import { type Target, type Verdict, Violation } from "../target.js";
import { edit, edited } from "../text-edits.js";

interface ApiRequest {
  method: string;
  /** The path below the API's own path, as in the request line. */
  path: string;
  headers: Record<string, string>;
  body: Pieces;
}

const NOT_SERVED = 501;
/** The hub is replaced when it holds this many accepted starts. */
const MAX_INSTANCES = 40;
/** How often the clock advances while a request waits for an end that does not come. */
const MAX_CLOCK_STEPS = 20;

const WORDS = ["instances", "orchestrators", "entities", "makeprimary", "constructor", "__proto__", "tostring", ""];
const IDS = [
  "running",
  "over",
  "none",
  "new",
  "a%2Fb",
  "a'b",
  "a%00b",
  "%FF",
  "%",
  "a%5Cb%23c%3Fd",
  "x".repeat(256),
  "x".repeat(257),
];
const VERBS = [
  "terminate",
  "suspend",
  "resume",
  "restart",
  "rewind",
  "raiseEvent",
  "constructor",
  "__proto__",
  "toString",
];
const QUERIES = [
  "showInput=true",
  "showHistory=true&showHistoryOutput=1",
  "top=1",
  "top=1e9",
  "createdTimeFrom=2020-01-01",
  "createdTimeTo=2026-02-30T00:00:00Z",
  "runtimeStatus=Running,Completed",
  "runtimeStatus=constructor",
  "instanceIdPrefix=r",
  "reason=because",
  "timeout=5&pollingInterval=1",
  "timeout=1e308&pollingInterval=1e-300",
  "timeout=Infinity&pollingInterval=-0",
  "taskHub=Fuzzed",
  "taskHub=Another",
  "version=2",
  "__proto__=1",
  "restartWithNewInstanceId=false",
  "%=%&&==",
];

const either = (known: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: nastyText.map((text) => encodeURIComponent(Buffer.from(text).toString("utf8"))) },
    { weight: 1, arbitrary: fc.string({ maxLength: 10 }) },
  );

const paths = fc
  .oneof(
    either(IDS).map((id) => `instances/${id}`),
    fc.tuple(either(IDS), either(VERBS)).map(([id, verb]) => `instances/${id}/${verb}`),
    fc.tuple(either(IDS), either(["Go", "decision"])).map(([id, event]) => `instances/${id}/raiseEvent/${event}`),
    fc
      .tuple(either(["commit", "none", "sweep-executions"]), either(IDS))
      .map(([name, id]) => `orchestrators/${name}/${id}`),
    fc.array(either([...WORDS, ...IDS, ...VERBS]), { maxLength: 4 }).map((parts) => parts.join("/")),
  )
  .chain((path) =>
    fc
      .array(either(QUERIES), { maxLength: 2 })
      .map((query) => (query.length > 0 ? `${path}?${query.join("&")}` : path)),
  );

const VALUE = { executionId: "a", list: [1, "b", null, { c: true }] };
const corruptedRows = fc
  .tuple(fc.array(change, { maxLength: 2 }), fc.array(edit, { maxLength: 2 }))
  .map(([changes, edits]) => plain(edited(JSON.stringify(changed(VALUE, changes)), edits)));

const requests: fc.Arbitrary<ApiRequest> = fc.record({
  method: fc.constantFrom("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"),
  path: paths,
  headers: fc.constantFrom<Record<string, string>[]>(
    { "content-type": "application/json" },
    { "content-type": "application/json; charset=utf-16" },
    { "content-type": "text/plain" },
    {},
    { "x-ms-continuation-token": "cnVubmluZw==" },
    { "x-ms-continuation-token": "\u0000" },
    { host: "a b", "content-type": "application/json" },
  ),
  body: fc.oneof(
    { weight: 300, arbitrary: corruptedRows },
    { weight: 100, arbitrary: fc.constant<Pieces>([]) },
    { weight: 1, arbitrary: bomb },
  ),
});

/** The durable management API over a hub in memory in which no orchestration ever ends. */
class FuzzedHub {
  readonly #clock = new VirtualClock();
  readonly #store = new MemoryHistoryStore();
  readonly hub: EngineTaskHub;

  private constructor(hub: (clock: VirtualClock, store: MemoryHistoryStore) => EngineTaskHub) {
    this.hub = hub(this.#clock, this.#store);
  }

  static async open(): Promise<FuzzedHub> {
    const app = await loadApp();
    const fuzzed = new FuzzedHub(
      (clock, store) =>
        new EngineTaskHub({
          hubName: "Fuzzed",
          app,
          store,
          clock,
          logger: silentLogger,
          activities: () => new Promise(() => undefined),
          maxConcurrentActivities: 100,
          maxConcurrentOrchestrators: 100,
        }),
    );
    await fuzzed.hub.open();
    for (const instanceId of ["running", "over"]) {
      await fuzzed.hub.start({ name: "commit", instanceId, input: '{"executionId":"x"}' });
    }
    await fuzzed.hub.terminate("over", "fuzzed");
    await fuzzed.hub.engine.inFlight.whenIdle();
    return fuzzed;
  }

  async feed(request: ApiRequest): Promise<Verdict> {
    const before = await this.#dump();
    const { status, body } = await this.#answer(request);
    if (!Number.isInteger(status) || status < 200 || (status >= 500 && status !== NOT_SERVED)) {
      throw new Violation(`answered ${status}: ${JSON.stringify(body)}`);
    }
    JSON.stringify(body);
    await this.hub.engine.inFlight.whenIdle();
    const changed = (await this.#dump()) !== before;
    if (changed && (status >= 400 || request.method === "GET"))
      throw new Violation(`answered ${status} and changed something`);
    return status >= 400 ? "refused" : "accepted";
  }

  async isFull(): Promise<boolean> {
    return (await this.#store.listInstances({}, MAX_INSTANCES + 1)).instances.length > MAX_INSTANCES;
  }

  async #dump(): Promise<string> {
    const { instances } = await this.#store.listInstances({}, 1_000);
    const states = await Promise.all(instances.map(({ instanceId }) => this.hub.get(instanceId)));
    return JSON.stringify(states.map((state) => [state?.instanceId, state?.executionId, state?.runtimeStatus]));
  }

  async #answer(request: ApiRequest): Promise<Answer> {
    const stopping = new AbortController();
    const links = { hubName: "Fuzzed", connectionName: "Storage" };
    const context = { hub: this.hub, clock: this.#clock, links, stopping: stopping.signal };
    const answering = (async () => {
      try {
        return await route(managementRequest(messageOf(request), MANAGEMENT_PATH, "http://localhost"), context);
      } catch (error) {
        const refusal = answerToError(error);
        if (refusal === undefined) throw error;
        return refusal;
      }
    })();
    let answered = false;
    const settled = answering.finally(() => {
      answered = true;
    });
    settled.catch(() => undefined);
    for (let round = 0; round < MAX_CLOCK_STEPS && !answered; round += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!answered) this.#clock.ring();
    }
    stopping.abort();
    return settled;
  }
}

function messageOf({ method, path, headers, body }: ApiRequest): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  Object.assign(message, { method, url: `${MANAGEMENT_PATH}${path}` });
  for (const [name, value] of Object.entries(headers)) message.headers[name] = value;
  const text = textOf(body);
  if (text !== "") message.push(text);
  message.push(null);
  return message;
}

export async function managementTarget(): Promise<Target<ApiRequest>> {
  let fuzzed = await FuzzedHub.open();
  return {
    name: "management",
    share: 35_000,
    inputs: requests,
    feed: (request) => fuzzed.feed(request),
    async settle() {
      if (await fuzzed.isFull()) fuzzed = await FuzzedHub.open();
    },
  };
}
