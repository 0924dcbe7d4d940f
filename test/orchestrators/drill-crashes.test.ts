import { expect, test } from "vitest";
import type { Ports } from "../../src/ports.js";
import type { Store } from "../../src/store/port.js";
import { concluded, drillsOf, executionsOf, startDrill, withPolicy } from "../support/drills.js";
import { VirtualApp } from "../support/virtual-app.js";

const WRITES = ["createExecution", "updateExecution", "acquireItems", "updateDrill", "watchTest"] as const;

/** A store of a process that dies at one of its writes: just before it, or just after. */
function dyingStore(store: Store, diesAt: number, isAfter: boolean): Store {
  let count = 0;
  const dying = { ...store };
  for (const name of WRITES) {
    const write = store[name] as (...given: unknown[]) => Promise<unknown>;
    const act = async (...given: unknown[]): Promise<unknown> => {
      const dies = count === diesAt;
      count += 1;
      if (dies && !isAfter) throw new Error("power cut");
      const answer = await write(...given);
      if (dies) throw new Error("power cut");
      return answer;
    };
    Object.assign(dying, { [name]: act });
  }
  return dying;
}

test.each([0, 1, 2, 3, 4, 5])(
  "a drill whose calls die again and again, first at write %i, is one test and one clean-up, and passes",
  async (first) => {
    let calls = 0;
    let deaths = 0;
    const app = await VirtualApp.open({
      activities: (ports: Ports, { name }) => {
        if (name !== "advance-drill") return ports;
        calls += 1;
        // The library tries a call five times, and the drill goes on trying.
        if (calls % 4 === 0) return ports;
        deaths += 1;
        return { ...ports, store: dyingStore(ports.store, (first + calls) % 6, calls % 2 === 0) };
      },
    });
    await app.loadShop();
    await withPolicy(app, { holdMinutes: 5 });
    const { verdict } = await concluded(app, await startDrill(app));
    expect(verdict.because).toEqual([]);
    expect(verdict.result).toBe("passed");
    expect((await executionsOf(app)).map(({ verb }) => verb)).toEqual(["test-clean-up", "test-failover"]);
    expect(await drillsOf(app)).toHaveLength(1);
    expect(deaths).toBeGreaterThan(5);
    await app.close();
  },
);
