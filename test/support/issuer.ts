import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { JWK } from "jose";

const PROGRAM = fileURLToPath(new URL("./issuer-program.mjs", import.meta.url));

/** A real issuer in a process of its own, which can also serve bad keys, hang, fail and rotate. */
export class Issuer {
  readonly url: string;
  readonly #child: ChildProcess;
  #asked = 0;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(): Promise<Issuer> {
    const child = fork(PROGRAM, { execArgv: [] });
    const [{ port }] = (await once(child, "message")) as [{ port: number }];
    return new Issuer(`http://127.0.0.1:${port}`, child);
  }

  /** @param key its name; one that begins with `ec` is an elliptic one */
  sign(claims: Record<string, unknown>, key = "k1", header: Record<string, unknown> = {}): Promise<string> {
    return this.#ask("sign", { key, header, claims });
  }

  publicKey(key: string): Promise<JWK> {
    return this.#ask("publicKey", { key });
  }

  publish(...names: string[]): Promise<void> {
    return this.#ask("keys", { names });
  }

  serve(as: "good" | "bad" | "weak" | "garbage" | "foreign" | "error" | "hang"): Promise<void> {
    return this.#ask("serve", { as });
  }

  /** How often it was asked for anything over HTTP. */
  fetches(): Promise<number> {
    return this.#ask("fetches", {});
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }

  async #ask<T>(action: string, input: object): Promise<T> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      const listen = (message: { id: number; answer: T }): void => {
        if (message.id !== id) return;
        this.#child.off("message", listen);
        resolve(message.answer);
      };
      this.#child.on("message", listen);
      this.#child.send({ id, action, ...input });
    });
  }
}
