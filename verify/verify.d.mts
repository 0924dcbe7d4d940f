export class Broken extends Error {}
export function canonical(value: unknown): string;
export function verify(
  given: unknown,
  head?: string,
): { executionId: string; records: number; anchor: { seq: number; hash: string } | null };
