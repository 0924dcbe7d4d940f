import { defined, toInstant } from "../../domain/text.js";
import { PROCESS_SERVER_PORTS } from "../../domain/worlds/topology.js";
import type { ItemOperations, SiteOperation, SiteOperations } from "../port.js";
import { type Behaviour, type Effect, refuse, type TaskRefusal } from "./behaviour.js";
import { replicaTools } from "./copies.js";
import { promotedTo, startedCopy } from "./promotion.js";
import { pointOf } from "./replication.js";
import type { Copy, EmulatedItem, EmulatedSite } from "./state.js";

type TestOperation = "create-test-copy" | "start-test-copy" | "promote-test-copy" | "remove-test-copy";
type TestCopy = EmulatedItem["testCopies"][number];

const copyOf = (state: EmulatedItem, executionId: string): TestCopy | undefined =>
  state.testCopies.find((copy) => copy.executionId === executionId);

function creationRefusal(state: EmulatedItem, { params, beganMs }: Effect): TaskRefusal | null {
  if (state.testCopies.length > 0) return refuse("leftovers", `${state.id} already has a test copy`);
  return pointOf(state, params.pointId, beganMs) === undefined
    ? refuse("no-recovery-point", `item ${state.id} has no recovery point ${params.pointId}`)
    : null;
}

function create(state: EmulatedItem, { params, beganMs, executionId }: Effect) {
  const point = pointOf(state, params.pointId, beganMs);
  if (point === undefined || params.networkId === undefined) throw new Error(`test of ${state.id} was not checked`);
  const name = `${state.item.target.name ?? state.machine.name}-test`;
  const copy: TestCopy = { executionId, networkId: params.networkId, name, point, power: "off", startedMs: null };
  return { state: { ...state, testCopies: [copy] }, result: { name, point } };
}

function start(state: EmulatedItem, { atMs, executionId }: Effect) {
  const testCopies = state.testCopies.map((copy) =>
    copy.executionId === executionId ? { ...copy, power: "on" as const, startedMs: atMs } : copy,
  );
  const siteId = state.replica.siteId;
  // The copy is on an isolated network and cannot reach production, so it is not a writer.
  const copy: Copy = { siteId, power: "on", heartbeat: "ok", tools: replicaTools(state), writable: false };
  return { state: { ...state, testCopies }, result: { startedAt: toInstant(atMs), copy } };
}

function promotionRefusal(state: EmulatedItem, { params: { epoch = 0 } }: Effect): TaskRefusal | null {
  if (epoch <= state.epoch) return refuse("stale-epoch", `item ${state.id} is at epoch ${state.epoch} already`);
  return state.testCopies.length === 0 ? refuse("operation-refused", `${state.id} has no test copy`) : null;
}

/** The copy leaves its isolated network and takes over the workload, like a replica promoted to the same point. */
function promoteCopy(state: EmulatedItem, effect: Effect) {
  const [test] = state.testCopies;
  if (test === undefined) throw new Error(`promotion of ${state.id} was not checked`);
  const epoch = effect.params.epoch ?? state.epoch + 1;
  const promoted = promotedTo(state, test.point, epoch, effect);
  const started = startedCopy({ ...promoted.state, testCopies: [] }, effect.atMs);
  const { dataLoss } = promoted;
  const { replica } = started;
  const result = { epoch, point: test.point, dataLoss, copy: replica, startedAt: toInstant(effect.atMs) };
  return { state: started, result };
}

/** Operations on test copies. They do not touch source, replica and replication. */
export const TEST_BEHAVIOURS: { [O in TestOperation]: Behaviour<EmulatedItem, ItemOperations[O]["result"]> } = {
  "create-test-copy": { refuses: creationRefusal, apply: create },
  "start-test-copy": {
    refuses: (state, { executionId }) =>
      copyOf(state, executionId) === undefined ? refuse("operation-refused", `${state.id} has no test copy`) : null,
    apply: start,
  },
  "promote-test-copy": { refuses: promotionRefusal, apply: promoteCopy },
  "remove-test-copy": {
    apply: (state) => ({ state: { ...state, testCopies: [] }, result: { removed: state.testCopies.length > 0 } }),
  },
};

const networkOf = (executionId: string): string => `test-${executionId}`;

/** Operations on a site: isolated test networks and process servers. */
export const SITE_BEHAVIOURS: { [O in SiteOperation]: Behaviour<EmulatedSite, SiteOperations[O]["result"]> } = {
  "create-test-network": {
    apply: (state, { executionId }) => {
      const id = networkOf(executionId);
      const others = state.testNetworks.filter((network) => network.id !== id);
      return { state: { ...state, testNetworks: [...others, { id, executionId }] }, result: { networkId: id } };
    },
  },
  "remove-test-network": {
    apply: (state, { executionId }) => {
      const testNetworks = state.testNetworks.filter((network) => network.executionId !== executionId);
      const removed = testNetworks.length < state.testNetworks.length;
      return { state: { ...state, testNetworks }, result: { removed } };
    },
  },
  "deploy-process-server": {
    apply: (state, { params: { processServerId = "", name, networkId, subnet, ip } }) => {
      const others = state.site.processServers.filter(({ id }) => id !== processServerId);
      const place = defined({ name, networkId, subnet, ip });
      const server = { id: processServerId, ...place, openPorts: [...PROCESS_SERVER_PORTS] };
      const site = { ...state.site, processServers: [...others, server] };
      return { state: { ...state, site }, result: { processServerId } };
    },
  },
};
