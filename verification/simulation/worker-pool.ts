import { fileURLToPath } from "node:url";
import { parentPort, type ResourceLimits, Worker } from "node:worker_threads";

interface PoolOptions<J, R> {
  /** The URL of the program. Each worker runs the same program, which then calls {@link serveJobs}. */
  program: string;
  workers: number;
  jobs: Iterable<J>;
  onResult(result: R): void;
  resourceLimits?: ResourceLimits;
}

/** Runs jobs in worker threads, one at a time in each, and resolves when all are done. */
export async function runJobs<J, R>({ program, workers, jobs, onResult, resourceLimits = {} }: PoolOptions<J, R>) {
  const left = jobs[Symbol.iterator]();
  const runWorker = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(fileURLToPath(program), { resourceLimits });
      const sendNext = (): void => {
        const next = left.next();
        if (next.done) void worker.terminate().then(() => resolve());
        else worker.postMessage(next.value);
      };
      worker.on("message", (result: R) => {
        onResult(result);
        sendNext();
      });
      worker.on("error", reject);
      sendNext();
    });
  await Promise.all(Array.from({ length: workers }, runWorker));
}

/** The other side, in a worker thread: runs each job that arrives and sends the result back. */
export function serveJobs<J, R>(run: (job: J) => Promise<R>): void {
  const port = parentPort;
  port?.on("message", async (job: J) => port.postMessage(await run(job)));
}
