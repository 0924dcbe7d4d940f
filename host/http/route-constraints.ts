import { ConfigurationError } from "../settings/configuration-error.js";

/** Whether a route parameter's text is acceptable. */
export type Constraint = (text: string) => boolean;

const INT32 = 2n ** 31n;
const INT64 = 2n ** 63n;
const NUMBER = /^[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?(e[+-]?\d+)?$/i;
const isNumber = (text: string): boolean => /\d/.test(text) && NUMBER.test(text);
const isInteger = (limit: bigint) => (text: string) =>
  /^[+-]?\d{1,19}$/.test(text) && BigInt(text) >= -limit && BigInt(text) < limit;

const plain: Record<string, Constraint> = {
  int: isInteger(INT32),
  long: isInteger(INT64),
  bool: (text) => /^(true|false)$/i.test(text),
  alpha: (text) => /^[a-z]*$/i.test(text),
  guid: (text) => /^(\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?|[0-9a-f]{32})$/i.test(text),
  datetime: (text) => !Number.isNaN(Date.parse(text)),
  decimal: isNumber,
  double: isNumber,
  float: isNumber,
  required: (text) => text !== "",
};

const withArguments: Record<string, (args: string[], whole: string) => Constraint> = {
  minlength: ([n]) => {
    const limit = numeric(n);
    return (text) => text.length >= limit;
  },
  maxlength: ([n]) => {
    const limit = numeric(n);
    return (text) => text.length <= limit;
  },
  length: ([from, to = from]) => {
    const [least, most] = [numeric(from), numeric(to)];
    return (text) => text.length >= least && text.length <= most;
  },
  min: ([n]) => {
    const limit = numeric(n);
    return (text) => plain["long"]?.(text) === true && Number(text) >= limit;
  },
  max: ([n]) => {
    const limit = numeric(n);
    return (text) => plain["long"]?.(text) === true && Number(text) <= limit;
  },
  range: ([from, to]) => {
    const [least, most] = [numeric(from), numeric(to)];
    return (text) => plain["long"]?.(text) === true && Number(text) >= least && Number(text) <= most;
  },
  regex: (_, whole) => {
    const pattern = new RegExp(whole, "i");
    return (text) => pattern.test(text);
  },
};

/**
 * Reads one constraint of a route parameter: `int`, `length(3)`, `range(1,9)`, `regex(^a$)` and so on.
 *
 * @throws ConfigurationError when there is no such constraint or its arguments make no sense
 */
export function parseConstraint(text: string): Constraint {
  const [, name = "", args] = /^([^(]+)(?:\(([\s\S]*)\))?$/.exec(text) ?? [];
  const key = name.toLowerCase();
  try {
    if (args === undefined && Object.hasOwn(plain, key) && plain[key]) return plain[key];
    if (args !== undefined && Object.hasOwn(withArguments, key) && withArguments[key]) {
      return withArguments[key](args.split(","), args);
    }
  } catch (error) {
    throw new ConfigurationError(`the constraint "${text}" can't be read: ${(error as Error).message}`);
  }
  throw new ConfigurationError(
    `there is no route constraint "${text}"; known are ${Object.keys(plain).join(", ")} and, with arguments, ${Object.keys(withArguments).join(", ")}`,
  );
}

function numeric(text: string | undefined): number {
  const value = Number(text?.trim() || Number.NaN);
  if (Number.isInteger(value)) return value;
  throw new Error(`"${text ?? ""}" is not a whole number`);
}
