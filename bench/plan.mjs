/** A recovery plan of many machines on the product itself, made of the sample's first web server. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";

const POLL_MS = 50;
const GROUP_SIZE = 20;
const RUNNING = new Set(["running", "awaiting-input", "awaiting-approval", "paused"]);

/** Seconds from the start request until a planned failover of so many machines is seen at its end. */
export async function planOf(host, machines) {
  const id = `bench-${randomUUID().slice(0, 8)}`;
  await host.json("PUT", `api/worlds/${id}`, estate(id, machines));
  await host.json("PUT", `api/recovery-plans/${id}`, recoveryPlan(id, machines));
  const headers = { "idempotency-key": id };
  const startedMs = performance.now();
  const started = await host.json("POST", `api/recovery-plans/${id}/executions`, { verb: "planned-failover" }, headers);
  for (;;) {
    const execution = await host.json("GET", `api/executions/${started.executionId}`);
    if (execution.status === "succeeded") return { value: (performance.now() - startedMs) / 1_000 };
    if (!RUNNING.has(execution.status))
      throw new Error(`The plan ended ${execution.status}: ${JSON.stringify(execution).slice(0, 2_000)}`);
    await delay(POLL_MS);
  }
}

function estate(id, machines) {
  const sample = parse(readFileSync(new URL("../samples/shop/world.yaml", import.meta.url), "utf8"));
  const item = sample.items.find((one) => one.id === "web-1");
  const machine = sample.machines.find((one) => one.id === item.machineId);
  const numbers = Array.from({ length: machines }, (_, at) => at + 1);
  return {
    ...sample,
    id,
    name: `Estate of ${machines} machines`,
    sites: sample.sites.map((site) => ({ ...site, quota: undefined })),
    replicationGroups: [],
    machines: numbers.map((n) => ({
      ...machine,
      id: `machine-${n}`,
      name: `machine-${n}`,
      nics: machine.nics.map(({ ip, ...nic }) => nic),
    })),
    items: numbers.map((n) => ({
      ...item,
      id: `item-${n}`,
      machineId: `machine-${n}`,
      target: { ...item.target, name: `replica-${n}` },
    })),
  };
}

function recoveryPlan(id, machines) {
  const groups = Array.from({ length: Math.ceil(machines / GROUP_SIZE) }, (_, group) => ({
    id: `group-${group + 1}`,
    name: `Group ${group + 1}`,
    items: Array.from({ length: Math.min(GROUP_SIZE, machines - group * GROUP_SIZE) }, (_, at) => ({
      id: `item-${group * GROUP_SIZE + at + 1}`,
    })),
  }));
  return { id, name: `Plan of ${machines} machines`, worldId: id, groups, validation: { required: false } };
}
