/** Time as a parameter: only the composition hands in the system one. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}
