/** How soon a subscriber hears of an event. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { estate } from "./plan.mjs";
import { percentile } from "./statistics.mjs";
import { lanes, planOfOne, start } from "./waits.mjs";

/** A failover of one machine has three events: its start, its group, its end. */
const EXECUTIONS = 60;
const AT_ONCE = 4;

/**
 * Milliseconds from the moment of an event, as its execution wrote it down, until its request has arrived: while a few
 * executions run at the same time, and another subscriber does not answer at all.
 */
export async function eventToSocket(host) {
  const taken = [];
  const ended = new Map();
  const lively = await listen((event, arrivedMs, response) => {
    taken.push(arrivedMs - Date.parse(event.time));
    response.writeHead(204).end();
    if (event.type === "secondsite.execution.ended") ended.get(event.subject)?.();
  });
  const silent = await listen(() => undefined);
  const id = `notify-${randomUUID().slice(0, 8)}`;
  try {
    for (const { name, url } of [
      { name: "lively", url: lively.url },
      { name: "silent", url: silent.url },
    ]) {
      const body = { worldIds: [id], target: { format: "cloudevents", url } };
      await host.json("PUT", `api/subscriptions/${id}-${name}`, body);
    }
    await host.json("PUT", `api/worlds/${id}`, estate(id, EXECUTIONS));
    const numbers = Array.from({ length: EXECUTIONS }, (_, at) => at + 1);
    const failOver = async (n) => {
      const planId = `${id}-${n}`;
      await host.json("PUT", `api/recovery-plans/${planId}`, planOfOne(planId, id, `item-${n}`));
      const told = new Promise((resolve) => ended.set(planId, resolve));
      await start(host, planId);
      await told;
    };
    await lanes(numbers, failOver, AT_ONCE);
  } finally {
    for (const name of ["lively", "silent"]) await host.call("DELETE", `api/subscriptions/${id}-${name}`);
    lively.close();
    silent.close();
  }
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
}

async function listen(answer) {
  const server = createServer((request, response) => {
    const arrivedMs = Date.now();
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => answer(JSON.parse(Buffer.concat(chunks).toString("utf8")), arrivedMs, response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
