import type { LogLevel } from "../logger.js";
import type { Hook, UserCallback } from "./functions-core.js";

type HookData = Record<string, unknown>;

/** Data for the lifetime of the app, shared by `appStart`, `appTerminate` and, read-only, by every call. */
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

/** Runs hooks one after another in the order of registration. They share `context` and may change its open members. */
export async function runHooks(hooks: readonly Hook[], context: object): Promise<void> {
  for (const hook of hooks) await hook(context);
}

/** Lets hooks change `open` and returns the result. Without hooks, the usual case, it creates no context. */
export async function applyHooks<T extends object>(hooks: readonly Hook[], fixed: object, open: T): Promise<T> {
  if (hooks.length === 0) return open;
  const context = hookContext(fixed, open);
  await runHooks(hooks, context);
  return context;
}

/** The context of a hook: `open` members can be assigned, `fixed` members cannot. */
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
