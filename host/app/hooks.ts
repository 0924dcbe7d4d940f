import type { LogLevel } from "../logger.js";
import type { Hook, UserCallback } from "./functions-core.js";

type HookData = Record<string, unknown>;

/** What belongs to the whole life of the app: shared by `appStart`, `appTerminate` and, read-only, by every call. */
export interface AppHookData {
  hookData: HookData;
  appHookData: HookData;
}

export interface PreInvocation {
  functionCallback: UserCallback;
  inputs: unknown[];
}

export interface PostInvocation {
  inputs: unknown[];
  result: unknown;
  error: unknown;
}

export interface LogLine {
  level: LogLevel | "none";
  message: string;
  category: string;
}

/** Runs hooks in the order of registration, each awaited; they share and may change what is open in `context`. */
export async function runHooks(hooks: readonly Hook[], context: object): Promise<void> {
  for (const hook of hooks) await hook(context);
}

/** What hooks make of `open`. Without any, as nearly always, it costs no context. */
export async function throughHooks<T extends object>(hooks: readonly Hook[], fixed: object, open: T): Promise<T> {
  if (hooks.length === 0) return open;
  const context = hookContext(fixed, open);
  await runHooks(hooks, context);
  return context;
}

/** A hook's context: `fixed` members can't be assigned, `open` ones can. */
export function hookContext<T extends object>(fixed: object, open: T): T {
  const context = { ...open };
  for (const [name, value] of Object.entries(fixed)) {
    Object.defineProperty(context, name, {
      enumerable: true,
      get: () => value,
      set: () => {
        throw Object.assign(new Error(`Cannot assign to read only property '${name}'`), {
          isAzureFunctionsSystemError: true,
        });
      },
    });
  }
  return context;
}
