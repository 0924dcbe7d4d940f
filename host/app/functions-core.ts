import Module from "node:module";
import type { LogLevel } from "../logger.js";
import type { Binding } from "./function-app.js";

/** What the library registers for each function of the app. */
export interface FunctionMetadata {
  name: string;
  functionId?: string;
  bindings: Record<string, Binding>;
  retryOptions?: unknown;
}

export type UserCallback = (...args: unknown[]) => unknown;

export interface Registration {
  metadata: FunctionMetadata;
  callback: UserCallback;
}

/** The library's side of one invocation. */
export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: UserCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}

export interface ProgrammingModel {
  name: string;
  version: string;
  getInvocationModel(coreContext: unknown): InvocationModel | Promise<InvocationModel>;
  getCapabilities?(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

const HOOK_NAMES = ["appStart", "appTerminate", "preInvocation", "postInvocation", "log"] as const;
export type HookName = (typeof HOOK_NAMES)[number];
export type Hook = (context: object) => unknown;
export type LogSink = (level: LogLevel | "none", category: string, message: string) => void;

/** The versions that apps and tools see. */
export const WORKER_VERSION = "3.13.0";
export const HOST_VERSION = "4.1049.0";

const CORE_MODULE = "@azure/functions-core";

/** The app breaks a rule of the library. The flag distinguishes it from errors of user code. */
class CoreError extends Error {
  readonly isAzureFunctionsSystemError = true;
}

class Disposable {
  #undo: (() => unknown) | undefined;
  constructor(undo: () => unknown) {
    this.#undo = undo;
  }
  static from(...parts: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const part of parts) part.dispose();
    });
  }
  dispose(): unknown {
    const undo = this.#undo;
    this.#undo = undefined;
    return undo?.();
  }
}

/**
 * The registrations of one app, and the module `@azure/functions-core` through which the app registers. The library
 * requires that module once and keeps it, so a process can load only one app.
 */
export class FunctionsCore {
  readonly registrations = new Map<string, Registration>();
  readonly #hooks = new Map<HookName, Hook[]>(HOOK_NAMES.map((name) => [name, []]));
  #model: ProgrammingModel | undefined;
  #open = true;
  #log: LogSink;

  constructor(log: LogSink) {
    this.#log = log;
  }

  get model(): ProgrammingModel | undefined {
    return this.#model;
  }

  hooks(name: HookName): readonly Hook[] {
    return this.#hooks.get(name) ?? [];
  }

  sendLogsTo(log: LogSink): void {
    this.#log = log;
  }

  /** After this, registering a function is an error of the app. */
  close(): void {
    this.#open = false;
  }

  /** Answers `require("@azure/functions-core")` for the rest of the process. */
  install(): void {
    const coreModule = this.#module();
    const original = Module.prototype.require;
    Module.prototype.require = function (this: NodeJS.Module, id: string): unknown {
      return id === CORE_MODULE ? coreModule : original.call(this, id);
    } as typeof original;
  }

  #module(): object {
    return {
      version: WORKER_VERSION,
      hostVersion: HOST_VERSION,
      Disposable,
      setProgrammingModel: (model: ProgrammingModel) => {
        this.#model = model;
      },
      getProgrammingModel: () => this.#model,
      registerFunction: (metadata: FunctionMetadata, callback: UserCallback) => this.#register(metadata, callback),
      registerHook: (name: string, hook: Hook) => this.#addHook(name, hook),
      log: (level: LogLevel | "none", category: string, message: string) => this.#log(level, category, message),
    };
  }

  #register(metadata: FunctionMetadata, callback: UserCallback): Disposable {
    const id = metadata.functionId ?? metadata.name;
    if (!this.#open) {
      throw new CoreError(
        `Function "${metadata.name}" was registered too late: functions are only registered during app startup.`,
      );
    }
    if (this.registrations.has(id)) throw new CoreError(`A function with the id "${id}" has already been registered.`);
    this.registrations.set(id, { metadata, callback });
    return new Disposable(() => this.registrations.delete(id));
  }

  #addHook(name: string, hook: Hook): Disposable {
    const hooks = this.#hooks.get(name as HookName);
    if (!hooks) {
      throw Object.assign(
        new RangeError(`Unrecognized hook "${name}"; the known hooks are ${HOOK_NAMES.join(", ")}.`),
        {
          isAzureFunctionsSystemError: true,
        },
      );
    }
    hooks.push(hook);
    return new Disposable(() => hooks.splice(hooks.indexOf(hook), 1));
  }
}
