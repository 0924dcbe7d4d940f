/** A value that the caller always gives; its absence is a mistake in the program, not of a user. */
export function required<T>(value: T | undefined, otherwise: string): T {
  if (value === undefined) throw new Error(otherwise);
  return value;
}
