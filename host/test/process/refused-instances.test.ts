import { randomUUID } from "node:crypto";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { type HostProcess, startHostProcess } from "./host-process.js";
import { Client } from "./load.js";

const THIRTY = Array.from({ length: 30 }, (_, n) => `refused-${n}`);

/** Whether the storage answers 500 to transactions for instances of {@link THIRTY}. */
let refuses = false;
let proxy: Server;
let connectionString: string;
let host: HostProcess;
const client = new Client(() => host);
const hubName = `R${randomUUID().replaceAll("-", "").slice(0, 12)}`;

/** A table service in front of Azurite's. */
beforeEach(async () => {
  const target = new URL(/TableEndpoint=([^;]+);/.exec(inject("storage"))?.[1] ?? "");
  proxy = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks);
      if (refuses && incoming.url?.includes("$batch") && body.includes("refused-")) {
        outgoing.writeHead(500).end();
        return;
      }
      const { method, headers, url } = incoming;
      const forwarded = request(new URL(url ?? "", target), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      forwarded.on("error", () => outgoing.destroy());
      forwarded.end(body);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  connectionString = inject("storage").replace(
    /TableEndpoint=[^;]+;/,
    `TableEndpoint=http://127.0.0.1:${port}${target.pathname};`,
  );
  host = await startHostProcess({ connectionString, hubName });
});
afterEach(async () => {
  await host.end("SIGKILL");
  proxy.closeAllConnections();
  proxy.close();
});

test("thirty instances whose transactions are refused hold neither the hub nor its end, and go on after a resume", async () => {
  for (const id of [...THIRTY, "good"]) await client.post(`orchestrators/Event/${id}`, null);
  for (const id of [...THIRTY, "good"]) await client.reaches(id, "Running");
  refuses = true;
  for (const id of [...THIRTY, "good"]) expect(await client.post(`instances/${id}/raiseEvent/Go`, { id })).toBe(202);
  expect(await client.reaches("good", "Completed")).toEqual({ id: "good" });
  for (const id of THIRTY) expect(await client.reaches(id, "Suspended")).toMatch(/The storage refuses a request/);
  expect(await client.post("orchestrators/Sequence/later", null)).toBe(202);
  await client.reaches("later", "Completed");
  for (const id of THIRTY.slice(0, 15)) await client.post(`instances/${id}/resume`, null);
  await host.end("SIGTERM");
  expect(await host.exited).toEqual({ code: 0, signal: null });

  refuses = false;
  host = await startHostProcess({ connectionString, hubName });
  for (const id of THIRTY) expect(await client.reaches(id, "Completed")).toEqual({ id });
});
