/** A value with the ETag that a change must send. */
export interface Tagged<T> {
  value: T;
  etag: string;
}

/** One page of a list. The last page has no `cursor`. */
export interface Page<T> {
  entries: T[];
  cursor?: string;
  /** Rows that are left out because they are unreadable, each with the reason; missing if there are none. */
  unreadable?: string[];
}

export interface PageRequest {
  /** At most 100. */
  limit: number;
  /** The cursor of an earlier page. Anything else is refused as `invalid-input`. */
  cursor?: string;
}
