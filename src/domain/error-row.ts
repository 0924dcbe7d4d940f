/** One row of the catalogue: what a code means to HTTP, to a retry and to a person. */
export interface ErrorRow {
  httpStatus: number;
  /** True when the same call may succeed later without anybody changing anything. */
  retryable: boolean;
  title: string;
  causes: string;
  action: string;
}

/** A row of the catalogue, in the order of its columns. */
export const row = (
  httpStatus: number,
  retryable: boolean,
  title: string,
  causes: string,
  action: string,
): ErrorRow => ({
  httpStatus,
  retryable,
  title,
  causes,
  action,
});
