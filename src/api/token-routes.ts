import { z } from "zod";
import { AccessToken, TokenId } from "../domain/access/access-token.js";
import { Grant } from "../domain/access/roles.js";
import { Name } from "../domain/text.js";
import { route } from "./route.js";
import { noQuery, nothing, nowhere, pageOf, pageQuery, remove } from "./schemas.js";

/** Without the hash, which is nobody's business. */
const tokenView = AccessToken.omit({ hash: true });

/** Access tokens: who may call, without an issuer. */
export const TOKEN_ROUTES = {
  createToken: route({
    id: "create-token",
    right: "administer",
    method: "POST",
    path: "api/tokens",
    summary: "Make an access token for a person; only this answer shows it",
    params: nowhere,
    query: noQuery,
    body: z.strictObject({
      person: Name.describe("the same text for every credential of a human, so that nobody counts as two people"),
      grants: z.array(Grant).min(1).max(50),
      expiresInDays: z.int().min(1).max(3_650).default(90),
    }),
    headers: {},
    status: 201,
    answers: [],
    response: tokenView.extend({ token: z.string().describe("the token itself, to be sent as a bearer") }),
    problems: [],
  }),
  listTokens: route({
    id: "list-tokens",
    right: "administer",
    method: "GET",
    path: "api/tokens",
    summary: "List access tokens, revoked and expired ones too, without their secret part",
    params: nowhere,
    query: pageQuery,
    body: nothing,
    headers: {},
    status: 200,
    answers: [],
    response: pageOf(tokenView),
    problems: [],
  }),
  revokeToken: route({
    ...remove,
    id: "revoke-token",
    right: "administer",
    path: "api/tokens/{tokenId}",
    summary: "Revoke an access token: within 5 seconds nobody can use it any more",
    params: z.strictObject({ tokenId: TokenId }),
    problems: ["token-not-found"],
  }),
} as const;
