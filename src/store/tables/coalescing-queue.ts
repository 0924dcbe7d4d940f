/** A request that waits for its answer. */
export interface Pending<Request, Answer> {
  readonly request: Request;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Handles requests in batches: those of one key that arrive at the same moment, or while an earlier batch is under way.
 *
 * - I1. A key has at most one batch under way, and its requests are taken in the order in which they arrived.
 * - I2. Every request is answered or rejected. When `handle` throws, it rejects those that it has not answered.
 * - I3. The queue keeps nothing of a key whose requests are all answered.
 *
 * @param handle answers every request of a batch
 * @param takeBatch removes the next batch from the front of the queue: at least one request, by default all
 */
export function createCoalescingQueue<Request, Answer>(
  handle: (key: string, batch: readonly Pending<Request, Answer>[]) => Promise<void>,
  takeBatch: (queue: Pending<Request, Answer>[]) => Pending<Request, Answer>[] = (queue) => queue.splice(0),
): (key: string, request: Request) => Promise<Answer> {
  const queues = new Map<string, Pending<Request, Answer>[]>();

  const drain = async (key: string, queue: Pending<Request, Answer>[]): Promise<void> => {
    while (queue.length > 0) {
      const batch = takeBatch(queue);
      await handle(key, batch).catch((error: unknown) => {
        for (const { reject } of batch) reject(error);
      });
    }
    queues.delete(key);
  };

  return (key, request) =>
    new Promise((resolve, reject) => {
      const pending = { request, resolve, reject };
      const queue = queues.get(key);
      if (queue !== undefined) {
        queue.push(pending);
        return;
      }
      const started = [pending];
      queues.set(key, started);
      // Waits for the end of the event loop's turn, so that requests of the same moment share the first batch.
      setImmediate(() => void drain(key, started));
    });
}
