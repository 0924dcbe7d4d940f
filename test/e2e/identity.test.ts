import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiError, type Client, createClient } from "../../src/api/client.js";
import { problemSchema } from "../../src/api/problem.js";
import { ROUTES } from "../../src/api/routes.js";
import type { Grant } from "../../src/domain/access/roles.js";
import { Issuer } from "../support/issuer.js";
import { poll, RunningApp } from "../support/running-app.js";

const FIRST = `sst_${"a".repeat(16)}_${"b".repeat(64)}`;
const FIRST_ADMINISTRATOR_TOKEN_HASH = createHash("sha256").update(FIRST).digest("hex");

const asks =
  (app: RunningApp) =>
  async (method: string, path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${app.url}${path}`, { method, headers });
    const text = await answer.text();
    const isProblem = answer.headers.get("content-type") === "application/problem+json" && text !== "";
    const code = isProblem ? problemSchema.parse(JSON.parse(text)).code : undefined;
    return { status: answer.status, code, challenge: answer.headers.get("www-authenticate"), text };
  };

const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "let in",
    (error: unknown) => (error instanceof ApiError ? error.problem.code : error),
  );

describe("with access tokens", () => {
  let app: RunningApp;
  let administrator: Client;

  beforeAll(async () => {
    app = await RunningApp.start({ IDENTITY_MODE: "tokens", FIRST_ADMINISTRATOR_TOKEN_HASH }, undefined, FIRST);
    administrator = app.client;
  });
  afterAll(() => app.stop());

  const makeToken = async (person: string, grants: Grant[]) =>
    (await administrator.call(ROUTES.createToken, { params: {}, body: { person, grants } })).body;
  const clientOf = async (person: string, grants: Grant[]): Promise<Client> =>
    createClient(app.url, { token: (await makeToken(person, grants)).token });

  test("whoever has none is answered 401, whatever the method and whether the route exists", async () => {
    const ask = asks(app);
    const paths = ["/api/worlds", "/api/recovery-plans/none", "/api/openapi.json", "/api/tokens", "/api/none", "/api"];
    const credentials = [
      {},
      { authorization: `Bearer ${FIRST.replace("b", "c")}` },
      { authorization: "Basic cm9vdA==" },
    ];
    for (const path of paths) {
      for (const method of ["GET", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"]) {
        for (const headers of credentials) {
          const answer = await ask(method, path, headers);
          expect([method, path, answer.status, answer.challenge]).toEqual([method, path, 401, "Bearer"]);
          if (method !== "HEAD") expect(answer.code).toBe("unauthenticated");
        }
      }
    }
  });

  test("each person does what its roles allow, and records name the person and not what the body says", async () => {
    const { worldId, planId } = await app.loadShop();
    const other = (await app.loadShop()).planId;
    const viewer = await clientOf("Vera", [{ role: "viewer", planIds: [planId] }]);
    const executor = await clientOf("Erik", [{ role: "executor", planIds: [planId] }]);
    const start = (client: Client, plan: string) =>
      client.call(ROUTES.startOnPlan, {
        params: { planId: plan },
        headers: { "idempotency-key": `identity-${plan}` },
        body: { verb: "test-failover", requestedBy: "somebody else" },
      });
    expect(await codeOf(start(viewer, planId))).toBe("forbidden");
    expect(await codeOf(start(executor, other))).toBe("plan-not-found");
    const accepted = await start(executor, planId);
    const { executionId } = accepted.body;
    const seen = (await viewer.call(ROUTES.getExecution, { params: { executionId } })).body;
    expect(seen.requestedBy).toBe("Erik");
    // A retry is safe with any credential of the person. The same key of somebody else is another start.
    expect((await start(await clientOf("Erik", [{ role: "executor" }]), planId)).body).toMatchObject({ executionId });
    const egon = await clientOf("Egon", [{ role: "executor" }]);
    expect(["item-held", "verb-not-allowed"]).toContain(await codeOf(start(egon, planId)));
    // The management API is for the operator of the host.
    expect(JSON.stringify([accepted.body, ...accepted.headers, seen])).not.toMatch(/runtime\/webhooks|QueryGetUri/i);
    const plans = await viewer.call(ROUTES.listPlans, { params: {}, query: {} });
    expect(plans.body.entries.map(({ plan }) => plan.id)).toEqual([planId]);
    const worlds = await viewer.call(ROUTES.listWorlds, { params: {}, query: {} });
    expect(worlds.body.entries.map((world) => world.worldId)).toEqual([worldId]);
  });

  test("a revoked token is refused soon, the token is shown once, and a restart forgets nothing", async () => {
    const { token, tokenId } = await makeToken("Rita", [{ role: "viewer" }]);
    const kept = await makeToken("Kim", [{ role: "viewer" }]);
    const [rita, kim] = [token, kept.token].map((text) => createClient(app.url, { token: text }));
    const look = (client: Client | undefined) =>
      codeOf(client?.call(ROUTES.listPlans, { params: {}, query: {} }) ?? Promise.reject());
    expect([await look(rita), await look(kim)]).toEqual(["let in", "let in"]);
    await administrator.call(ROUTES.revokeToken, { params: { tokenId } });
    expect(
      await poll(
        () => look(rita),
        (code) => code !== "let in",
      ),
    ).toBe("unauthenticated");
    const listed = await administrator.call(ROUTES.listTokens, { params: {}, query: {} });
    expect(JSON.stringify(listed.body)).not.toContain(token.split("_")[2]);
    expect(listed.body.entries.find((entry) => entry.tokenId === tokenId)?.revoked?.by).toBe("first administrator");
    app = await app.killAndRestart({ IDENTITY_MODE: "tokens", FIRST_ADMINISTRATOR_TOKEN_HASH });
    administrator = app.client;
    const lookWith = (text: string) => look(createClient(app.url, { token: text }));
    expect([await lookWith(token), await lookWith(kept.token)]).toEqual(["unauthenticated", "let in"]);
    expect(await app.dump()).not.toContain(kept.token.split("_")[2]);
    expect(await app.log()).toContain("Identity: tokens.");
  });
});

test("a token of the issuer is a credential, and an access token remains one while the issuer is down", async () => {
  const issuer = await Issuer.start();
  await issuer.publish("k1");
  const app = await RunningApp.start(
    {
      ...{ IDENTITY_MODE: "open-id-connect", OPEN_ID_CONNECT_ISSUER: issuer.url, OPEN_ID_CONNECT_AUDIENCE: "api://dr" },
      FIRST_ADMINISTRATOR_TOKEN_HASH,
    },
    undefined,
    FIRST,
  );
  try {
    const { planId } = await app.loadShop();
    const exp = Math.floor(Date.now() / 1_000) + 3_600;
    const claims = { iss: issuer.url, aud: "api://dr", sub: "ann", exp, roles: [`secondsite.planner:${planId}`] };
    const ann = createClient(app.url, { token: await issuer.sign(claims) });
    expect((await ann.call(ROUTES.getPlan, { params: { planId } })).body.plan.id).toBe(planId);
    expect(await codeOf(ann.call(ROUTES.listTokens, { params: {}, query: {} }))).toBe("forbidden");
    const nobody = { authorization: `Bearer ${await issuer.sign({ ...claims, roles: ["administrator"] })}` };
    expect(await asks(app)("GET", "/api/none", nobody)).toMatchObject({ status: 403, code: "forbidden" });
    expect(await asks(app)("GET", "/api/worlds", nobody)).toMatchObject({ status: 403, code: "forbidden" });
    const foreign = createClient(app.url, { token: await issuer.sign({ ...claims, aud: "api://other" }) });
    expect(await codeOf(foreign.call(ROUTES.getPlan, { params: { planId } }))).toBe("unauthenticated");
    await issuer.stop();
    expect((await app.client.call(ROUTES.getPlan, { params: { planId } })).status).toBe(200);
  } finally {
    await app.stop();
  }
});

test("on Azure the local mode answers nobody, and says what to set", async () => {
  const app = await RunningApp.start({ WEBSITE_INSTANCE_ID: "0123456789abcdef" });
  try {
    const ask = asks(app);
    const paths = ["/api/worlds", "/api/none", "/api", "/api/executions/1/actions/2/complete"];
    for (const path of paths) {
      for (const method of ["GET", "POST", "OPTIONS"]) {
        const answer = await ask(method, path);
        expect([method, path, answer.status, answer.code]).toEqual([method, path, 503, "identity-not-configured"]);
        expect(answer.text).toContain("IDENTITY_MODE");
      }
    }
    expect(await app.log()).toContain("Identity: none.");
  } finally {
    await app.stop();
  }
});

test("in the local mode a page of another site gets nothing, and the log says that every caller is administrator", async () => {
  const app = RunningApp.shared("realistic");
  const ask = asks(app);
  for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
    expect(await ask("GET", "/api/worlds", headers)).toMatchObject({ status: 403, code: "cross-site-request" });
    expect(await ask("GET", "/api/none", headers)).toMatchObject({ status: 403, code: "cross-site-request" });
  }
  expect((await ask("GET", "/api/worlds")).status).toBe(200);
  expect(await app.log()).toContain("Every caller on this machine is the local administrator");
});
