import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { startAzurite } from "../../../test/support/azurite.js";
import { type HostProcess, type HostProcessOptions, spawnHost, startHostProcess } from "./host-process.js";
import { Client, Effects, Load } from "./load.js";

let effects: Effects;
let host: HostProcess;
const running: HostProcess[] = [];
const client = new Client(() => host);

beforeEach(async () => {
  effects = await Effects.open();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.end("SIGKILL")));
  await effects.remove();
});

async function begin(options: HostProcessOptions): Promise<void> {
  host = await startHostProcess(options);
  running.push(host);
}

const hubOf = (connectionString: string): HostProcessOptions => ({
  connectionString,
  hubName: `Crash${randomUUID().replaceAll("-", "").slice(0, 12)}`,
  env: { EFFECTS: effects.path },
});

describe("after SIGKILL", () => {
  test("20 running orchestrations all finish, each step recorded once", async () => {
    const options = hubOf(inject("storage"));
    await begin(options);
    const load = new Load(client, randomUUID());
    await load.start();
    await effects.atLeast(60);
    await host.end("SIGKILL");
    expect((await effects.counts()).size).toBeLessThan(load.ids.length * load.steps);
    await begin(options);
    await load.expectFinished(effects, 1);
  });

  test("acknowledged starts, events and terminations are not lost", async () => {
    const options = hubOf(inject("storage"));
    await begin(options);
    const name = (what: string, n: number): string => `${what}-${n}`;
    const rounds = [1, 2, 3];
    for (const n of rounds) {
      for (const what of ["raised", "terminated"]) {
        expect(await client.post(`orchestrators/Event/${name(what, n)}`, null)).toBe(202);
        await client.reaches(name(what, n), "Running");
      }
    }
    for (const n of rounds) {
      const acknowledged = await Promise.all([
        client.post(`instances/${name("raised", n)}/raiseEvent/Go`, { n }),
        client.post(`instances/${name("terminated", n)}/terminate?reason=enough`, null),
        client.post(`orchestrators/Sequence/${name("started", n)}`, null),
      ]);
      expect(acknowledged).toEqual([202, 202, 202]);
      await host.end("SIGKILL");
      await begin(options);
    }
    for (const n of rounds) {
      expect(await client.reaches(name("raised", n), "Completed")).toEqual({ n });
      expect(await client.reaches(name("terminated", n), "Terminated")).toBe("enough");
      expect(await client.reaches(name("started", n), "Completed")).toEqual(["a", "b", "c"]);
    }
  });
});

test("after SIGTERM the host ends, and the next one continues without repeating a step", async () => {
  const options = hubOf(inject("storage"));
  await begin(options);
  const load = new Load(client, randomUUID());
  await load.start();
  await effects.atLeast(60);
  await host.end("SIGTERM");
  await begin(options);
  await load.expectFinished(effects, 0);
});

test("a storage restart under load loses nothing, and at most repeats the running activities", async () => {
  const folder = await mkdtemp(join(tmpdir(), "crash-storage-"));
  const first = await startAzurite(folder);
  const options = hubOf(first.connectionString);
  let storage = first;
  try {
    await begin(options);
    const load = new Load(client, randomUUID());
    await load.start();
    await effects.atLeast(60);
    await storage.stop("SIGTERM");
    storage = await startAzurite(folder, first.ports);
    await load.expectFinished(effects, 1);
  } finally {
    await host.end("SIGKILL");
    await storage.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

test("a second host on the same hub names the holder and exits", async () => {
  const options = hubOf(inject("storage"));
  await begin(options);
  const second = spawnHost(options);
  running.push(second);
  const { code } = await second.exited;
  expect(code).not.toBe(0);
  expect(second.output()).toMatch(new RegExp(`${options.hubName}[\\s\\S]*${host.pid}`));
  expect(await client.post("orchestrators/Sequence", null)).toBe(202);
});
