/**
 * A small OpenID Connect issuer, in a process of its own. It speaks lines of JSON with its parent over IPC: `sign` makes
 * a token with a key, `keys` says which keys it publishes, `serve` how it answers. It counts what it was asked.
 */
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

const pairs = new Map();
let published = [];
let mode = "good";
let fetches = 0;

async function pairOf(name) {
  const known = pairs.get(name);
  if (known) return known;
  const alg = name.startsWith("ec") ? "ES256" : "RS256";
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const pair = { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid: name, alg, use: "sig" } };
  pairs.set(name, pair);
  return pair;
}

/** A shared secret, and a key of eight bits. */
const BAD_KEYS = [
  { kty: "oct", k: "c2VjcmV0" },
  { kty: "RSA", n: "_w", e: "AQAB" },
];

const server = createServer(async (request, response) => {
  fetches += 1;
  if (mode === "hang") return;
  const json = (value) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
  if (mode === "error") return void response.writeHead(500).end("out of order");
  if (request.url === "/.well-known/openid-configuration") {
    const own = `http://127.0.0.1:${server.address().port}`;
    return json({ issuer: mode === "foreign" ? "https://other.example" : own, jwks_uri: `${own}/keys` });
  }
  if (mode === "bad") return json({ keys: BAD_KEYS.map((key) => ({ ...key, kid: published[0] })) });
  if (mode === "weak") return json({ keys: [{ ...BAD_KEYS[1], kid: published[0] }] });
  if (mode === "garbage") return void response.writeHead(200).end("<html>");
  return json({ keys: await Promise.all(published.map(async (name) => (await pairOf(name)).jwk)) });
});

const ACTIONS = {
  async sign({ key, header, claims }) {
    const { alg, privateKey } = await pairOf(key);
    return new SignJWT(claims).setProtectedHeader({ alg, kid: key, ...header }).sign(privateKey);
  },
  async publicKey({ key }) {
    return (await pairOf(key)).jwk;
  },
  keys({ names }) {
    published = names;
  },
  serve({ as }) {
    mode = as;
  },
  fetches() {
    return fetches;
  },
};

process.on("message", async ({ id, action, ...input }) => {
  process.send({ id, answer: await ACTIONS[action](input) });
});
process.once("disconnect", () => process.exit(0));
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
