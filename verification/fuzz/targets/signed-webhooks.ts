import { Admission, UNLIMITED } from "../../../src/api/admission.js";
import { saveSource } from "../../../src/commands/webhooks/sources.js";
import { WebhookSourceInput } from "../../../src/domain/webhooks/source.js";
import type { Endpoint } from "../../../src/functions/serve.js";
import { FAMILIES, type Family, SENDERS } from "../../support/webhook-senders.js";
import { fuzzedContext, NOW_MS } from "../fuzzed-context.js";
import { loadEndpoints } from "../product.js";
import { createRewindingTables } from "../rewinding-tables.js";
import { DECIDED, DECIDED_APPROVAL, type Delivery, genuine, OPEN_APPROVAL } from "../signed-deliveries.js";
import { deliveryOf, type Mutant, mutantsOf } from "../signed-mutants.js";
import { type Target, Violation } from "../target.js";

const ROUTE = "receive-approval-webhook";
/** The only table that a refused request may write. */
const COUNTS_OF_REFUSALS = "SecurityRecords";

/** The trigger of incoming webhooks with a source of each family, and two approvals of which one is decided. */
class SignedWebhooks {
  readonly #tables = createRewindingTables();
  readonly #endpoint: Endpoint;
  readonly #clock = { nowMs: NOW_MS, now: () => this.#clock.nowMs };
  readonly #context = fuzzedContext(this.#tables, this.#clock, {
    get: (name) => SENDERS[name.toLowerCase() as Family]?.secret,
  });
  readonly #admission = new Admission(UNLIMITED, this.#clock);
  readonly #faults: string[] = [];
  /** What every refused request is answered. */
  #refusal: string | undefined;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  static async open(): Promise<SignedWebhooks> {
    const endpoint = (await loadEndpoints()).get(ROUTE);
    if (endpoint === undefined) throw new Error(`no route ${ROUTE}`);
    const opened = new SignedWebhooks(endpoint);
    await opened.#fill();
    return opened;
  }

  /** Each sender gets through with what it signs; otherwise no refusal would say anything. */
  async #fill(): Promise<void> {
    const { store } = this.#context;
    for (const family of FAMILIES) {
      const people = [{ external: SENDERS[family].external, person: family, roles: ["approver"] }];
      const input = { scheme: SENDERS[family].scheme, secrets: [family.toUpperCase()], people };
      await saveSource(this.#context, family, WebhookSourceInput.parse(input), "admin");
    }
    await store.createApproval(DECIDED_APPROVAL);
    await store.createApproval(OPEN_APPROVAL);
    for (const family of FAMILIES) {
      const sent = genuine(family, DECIDED);
      const { status, text } = await this.#send({ sourceId: family, sent, nowMs: NOW_MS });
      if (status >= 300 || !text.includes(`approved ${DECIDED}`))
        throw new Error(`${family} does not get through: ${text}`);
    }
    this.#tables.mark();
  }

  async #send({ sourceId, sent, nowMs }: Delivery): Promise<{ status: number; text: string }> {
    this.#clock.nowMs = nowMs;
    const { headers, body } = sent;
    const request = {
      params: { sourceId },
      query: [],
      headers: { get: (name: string) => headers[name] ?? null },
      body: (async function* () {
        yield body;
      })(),
    };
    const surroundings = {
      open: () => this.#context,
      admission: this.#admission,
      log: (text: string) => this.#faults.push(text),
    };
    const { status = 200, jsonBody, body: text } = await this.#endpoint(request, surroundings);
    return { status, text: String(text ?? JSON.stringify(jsonBody)) };
  }

  /** No mutant is let in, all get the same answer, and nothing but the count of refusals changes. */
  async refuse(family: Family, mutant: Mutant): Promise<"refused"> {
    const { status, text } = await this.#send(deliveryOf(family, mutant));
    const [fault] = this.#faults.splice(0);
    if (fault !== undefined) throw new Violation(`answered ${status}: ${fault}`);
    if (status !== 401) throw new Violation(`answered ${status}: ${text}`);
    this.#refusal ??= text;
    if (text !== this.#refusal) throw new Violation(`answered "${text}", and others "${this.#refusal}"`);
    const changed = [...this.#tables.written()].filter((table) => table !== COUNTS_OF_REFUSALS);
    if (changed.length > 0) throw new Violation(`changed ${changed.join(", ")}`);
    return "refused";
  }

  async settle(): Promise<void> {
    await this.#tables.rewind();
  }
}

/** A target of each scheme family: its signed requests, changed by somebody who does not have its secret. */
export async function signedWebhookTargets(): Promise<Target<Mutant>[]> {
  const webhooks = await SignedWebhooks.open();
  return FAMILIES.map((family) => ({
    name: `signed-${family}`,
    share: 10_000,
    inputs: mutantsOf(family),
    feed: (mutant) => webhooks.refuse(family, mutant),
    settle: () => webhooks.settle(),
  }));
}
