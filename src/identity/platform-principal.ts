/**
 * Callers by the principal that the platform's authentication ("Easy Auth") puts into the headers. The headers are not
 * signed, so they count only under three conditions, and are ignored otherwise: the platform's authentication is on, the
 * app runs on Azure, and a setting says that the platform is trusted.
 *
 * Tests: test/unit/identity/platform-principal.test.ts.
 */
import { z } from "zod";
import type { Caller } from "../domain/access/caller.js";
import { grantsClaimed } from "../domain/access/claimed-grants.js";
import { RecoveryError } from "../domain/errors.js";
import { Name } from "../domain/text.js";
import type { RequestHeaders } from "./port.js";

export interface PlatformConfig {
  /** `WEBSITE_AUTH_ENABLED`, which only the platform can set. */
  readonly isAuthenticationOn: boolean;
  readonly isOnAzure: boolean;
  readonly isTrusted: boolean;
  /** The type of the claim that names the person. */
  readonly personClaim: string;
}

const MAX_HEADER_CHARACTERS = 16_384;

/** Static Web Apps use another shape, which does not fit. */
const Principal = z.object({
  auth_typ: z.string().min(1),
  claims: z.array(z.object({ typ: z.string(), val: z.string() })),
  role_typ: z.string(),
});

/** The caller whom the platform names; null if it names none, or does not count. Refuses `unauthenticated`. */
export function platformCaller(config: PlatformConfig, headers: RequestHeaders): Caller | null {
  const { isAuthenticationOn, isOnAzure, isTrusted, personClaim } = config;
  const header = headers.get("x-ms-client-principal");
  if (!isAuthenticationOn || !isOnAzure || !isTrusted || header === null) return null;
  const { claims, role_typ: roleType } = parse(header);
  const valuesOf = (type: string) => claims.filter(({ typ }) => typ === type).map(({ val }) => val);
  const [person, ...others] = valuesOf(personClaim);
  const name = Name.safeParse(person);
  if (!name.success || others.length > 0) throw refused(`it names no person, or several, in ${personClaim}`);
  const roles = [...valuesOf(roleType), ...valuesOf("groups")];
  return { person: name.data, credential: "platform", grants: grantsClaimed(roles) };
}

function parse(header: string): z.infer<typeof Principal> {
  const parsed = Principal.safeParse(header.length > MAX_HEADER_CHARACTERS ? null : readJson(header));
  if (!parsed.success) throw refused("it does not have the shape that App Service documents");
  return parsed.data;
}

function readJson(header: string): unknown {
  try {
    return JSON.parse(Buffer.from(header, "base64").toString("utf8"));
  } catch {
    return null;
  }
}

const refused = (why: string): RecoveryError =>
  new RecoveryError("unauthenticated", `the principal of the platform is refused: ${why}`);
