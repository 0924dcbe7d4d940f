import { randomBytes } from "node:crypto";

/** A table prefix that no other test has. */
export const randomPrefix = (): string => `t${randomBytes(6).toString("hex")}`;
