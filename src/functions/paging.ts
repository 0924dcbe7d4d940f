import type { PageRequest } from "../store/port.js";

/** A page as the store takes it: without a cursor rather than with an undefined one. */
export function pageRequest({ limit, cursor }: { limit: number; cursor?: string | undefined }): PageRequest {
  return cursor === undefined ? { limit } : { limit, cursor };
}
