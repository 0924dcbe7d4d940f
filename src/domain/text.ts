import { z } from "zod";

/** An id that a user chooses. It is safe as a table key, as a URL segment and as a part of a task key. */
export const Id = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    "use 1 to 64 letters, digits, '-', '_' or '.', and start with a letter or digit",
  );

/** A name for people: one line, without control characters and lone surrogates. */
export const Name = z
  .string()
  .min(1)
  .max(80)
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, "control characters are not allowed");

/** The limit of a header value, and so of a stored idempotency key. */
export const MAX_HEADER_CHARACTERS = 255;

/** Free text from a person. */
export const Text = z.string().min(1).max(2_000);

/** The name of a secret. Plans and records have the name only; the value is the setting `SECRET_<name>` of the app. */
export const SecretName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,60}$/, "use 1 to 61 capital letters, digits or '_', and start with a letter");

/** An address that the app calls. */
export const HttpUrl = z.url({ protocol: /^https?$/ }).max(2_000);

/** A lower-case GUID. */
export const Guid = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, "use a lower-case GUID");

/** A time as ISO 8601 UTC text. */
export const Instant = z.iso.datetime();

/** An IPv4 address range such as `10.20.0.0/24`. */
export const AddressRange = z.cidrv4();

/** An IPv4 address. */
export const Address = z.ipv4();

/** Milliseconds since the epoch as ISO 8601 UTC text. */
export const toInstant = (ms: number): string => new Date(ms).toISOString();

/** ISO 8601 text as milliseconds since the epoch. */
export const toMs = (instant: string): number => Date.parse(instant);

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** An object without the fields that are undefined: a record that is stored or compared must not have them. */
export const defined = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
