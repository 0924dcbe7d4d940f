/** One entry of the catalogue: what a code means for HTTP, for a retry, and for a person. */
export interface ErrorEntry {
  httpStatus: number;
  /** True when the same call may succeed later although nobody changes anything. */
  retryable: boolean;
  title: string;
  causes: string;
  action: string;
}

/** An entry of the catalogue, in the order of its columns. */
export const entry = (
  httpStatus: number,
  retryable: boolean,
  title: string,
  causes: string,
  action: string,
): ErrorEntry => ({ httpStatus, retryable, title, causes, action });
