import type { z } from "zod";
import { ROUTES } from "../../../src/api/routes.js";
import type { Verb } from "../../../src/domain/vocabulary.js";
import type { LinkChange, MachineChange, SiteChange } from "../../../src/domain/worlds/estate-changes.js";
import { poll, type RunningApp } from "../running-app.js";
import type { SmallEstate } from "../small-estates.js";

type TargetChange = z.input<typeof ROUTES.changeTarget.body>;
type MasterTargetInput = z.input<typeof ROUTES.installMasterTarget.body>;
type Start = NonNullable<z.input<typeof ROUTES.startOnPlan.body>["options"]>;

/** Where the small estates run. */
interface Place {
  app: RunningApp;
  worldId: string;
  planId: string;
  /** The code of the prerequisite, which is in the ids of its estate. */
  code: string;
  estate: SmallEstate;
  /** The faults of this estate. */
  faultIds: readonly string[];
}

/** What an operator and an administrator can do about a finding, over HTTP. */
export class Repair {
  readonly estate: SmallEstate;
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
    this.estate = place.estate;
  }

  /** Runs verbs on the plan; each must succeed. */
  async run(verbs: readonly Verb[], options: Start = {}): Promise<void> {
    const { app, planId } = this.#place;
    for (const verb of verbs) {
      const { status, failure } = await app.ended(await app.start(planId, { verb, options }));
      if (status !== "succeeded") throw new Error(`${verb} ended ${status}: ${failure?.message}`);
    }
  }

  /** Cleans a test up, and leaves its network: the items await another clean-up. */
  async cleanUpHalfWay(): Promise<void> {
    const { app, worldId, planId } = this.#place;
    const { siteId } = this.#site("away");
    const fault = { target: { siteId }, operation: "remove-test-network", mode: "refuse" } as const;
    const { faultId } = (await app.client.call(ROUTES.addFault, { params: { worldId }, body: fault })).body;
    await app.ended(await app.start(planId, { verb: "test-clean-up" }));
    await app.client.call(ROUTES.clearFaults, { params: { worldId }, query: { faultId } });
  }

  async target(change: TargetChange, itemId = this.#place.code): Promise<void> {
    const { app, worldId } = this.#place;
    const params = { worldId, itemId };
    const { etag } = (await app.client.call(ROUTES.getTarget, { params })).body;
    await app.client.call(ROUTES.changeTarget, { params, headers: { "if-match": etag }, body: change });
  }

  async site(place: "home" | "away", change: SiteChange): Promise<void> {
    const { app } = this.#place;
    await app.client.call(ROUTES.changeSite, { params: this.#site(place), body: change });
  }

  async machine(change: MachineChange): Promise<void> {
    const { app, worldId, code } = this.#place;
    await app.client.call(ROUTES.changeMachine, { params: { worldId, itemId: code }, body: change });
  }

  async link(change: LinkChange): Promise<void> {
    const { app, worldId, code } = this.#place;
    await app.client.call(ROUTES.changeLink, { params: { worldId, linkId: `link-${code}` }, body: change });
  }

  /** Installs a master target, or sets the first one up anew. */
  async masterTarget(change: Partial<MasterTargetInput>, masterTargetId = "mt"): Promise<void> {
    const { id: _id, ...first } = this.estate.masterTarget;
    const params = { ...this.#site("home"), masterTargetId };
    await this.#place.app.client.call(ROUTES.installMasterTarget, { params, body: { ...first, ...change } });
  }

  /** Deploys a process server in Azure, in the network of the machine, and waits until it is there. */
  async processServer(): Promise<void> {
    const params = { ...this.#site("away"), processServerId: "ps-2" };
    const body = { networkId: "net-away", subnet: "data", ip: "10.2.0.60" };
    await poll(
      () => this.#place.app.client.call(ROUTES.deployProcessServer, { params, body }),
      (answer) => answer.body.state === "deployed",
    );
  }

  async backUp(): Promise<void> {
    await this.#place.app.client.call(ROUTES.backUpConfigurationServer, { params: this.#site("home") });
  }

  async restore(ip: string): Promise<void> {
    await this.#place.app.client.call(ROUTES.restoreConfigurationServer, { params: this.#site("home"), body: { ip } });
  }

  /** Restores the connection to the site that does not answer. */
  reconnect(): Promise<void> {
    return this.clearFaults();
  }

  async clearFaults(): Promise<void> {
    const { app, worldId, faultIds } = this.#place;
    for (const faultId of faultIds) {
      await app.client.call(ROUTES.clearFaults, { params: { worldId }, query: { faultId } });
    }
  }

  #site(place: "home" | "away") {
    const { worldId, code } = this.#place;
    return { worldId, siteId: `${place}-${code}` };
  }
}
