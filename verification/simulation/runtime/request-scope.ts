import { AsyncLocalStorage } from "node:async_hooks";

/**
 * The request of a client that is being performed, so that the journal knows which writes are its own. What a request
 * sets off, such as an activity, runs outside of it.
 */
export const requestScope = new AsyncLocalStorage<{ n: number } | undefined>();
