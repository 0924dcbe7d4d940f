import { ConfigurationError } from "../settings/configuration-error.js";

/** Whether the text of a route parameter is valid. */
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
    const limit = parseInteger(n);
    return (text) => text.length >= limit;
  },
  maxlength: ([n]) => {
    const limit = parseInteger(n);
    return (text) => text.length <= limit;
  },
  length: ([from, to = from]) => {
    const [min, max] = [parseInteger(from), parseInteger(to)];
    return (text) => text.length >= min && text.length <= max;
  },
  min: ([n]) => {
    const limit = parseInteger(n);
    return (text) => plain["long"]?.(text) === true && Number(text) >= limit;
  },
  max: ([n]) => {
    const limit = parseInteger(n);
    return (text) => plain["long"]?.(text) === true && Number(text) <= limit;
  },
  range: ([from, to]) => {
    const [min, max] = [parseInteger(from), parseInteger(to)];
    return (text) => plain["long"]?.(text) === true && Number(text) >= min && Number(text) <= max;
  },
  regex: (_, whole) => {
    const pattern = new RegExp(whole, "i");
    return (text) => pattern.test(text);
  },
};

/**
 * Reads one constraint of a route parameter: `int`, `length(3)`, `range(1,9)`, `regex(^a$)` and so on.
 *
 * @throws ConfigurationError when the constraint is unknown or its arguments are not valid
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
    `there is no route constraint "${text}"; the known constraints are ${Object.keys(plain).join(", ")} and, with arguments, ${Object.keys(withArguments).join(", ")}`,
  );
}

function parseInteger(text: string | undefined): number {
  const value = Number(text?.trim() || Number.NaN);
  if (Number.isInteger(value)) return value;
  throw new Error(`"${text ?? ""}" is not a whole number`);
}
