import type { HostJson } from "../settings/host-json.js";
import type { FunctionApp, InvocationRequest, InvocationResult, RegisteredFunction } from "./function-app.js";

/** What the host does with each function of an app. */
export interface Serving {
  served: readonly RegisteredFunction[];
  disabled: readonly RegisteredFunction[];
  /** Functions that this host cannot run, each with the reason and what to do. */
  refused: readonly { fn: RegisteredFunction; reason: string }[];
}

const OWN_BINDINGS = ["httptrigger", "http", "timertrigger"];

/**
 * Sorts the functions of an app. A function with any unsupported binding is refused: running it without that binding
 * would lose data silently.
 *
 * @param extra the types of triggers and other bindings that an extension serves
 */
export function sortFunctions(
  app: FunctionApp,
  hostJson: HostJson,
  env: NodeJS.ProcessEnv,
  extra: readonly string[],
): Serving {
  const known = new Set([...OWN_BINDINGS, ...extra.map((type) => type.toLowerCase())]);
  const enabled = hostJson.functions?.map((name) => name.toLowerCase());
  const disabled: RegisteredFunction[] = [];
  const served: RegisteredFunction[] = [];
  const refused: Serving["refused"][number][] = [];
  for (const fn of app.functions) {
    const unsupported = Object.values(fn.bindings).find((binding) => !known.has(binding.type.toLowerCase()));
    if ((enabled && !enabled.includes(fn.name.toLowerCase())) || isDisabled(fn, env)) disabled.push(fn);
    else if (unsupported) refused.push({ fn, reason: refusal(unsupported.type, unsupported === fn.trigger) });
    else served.push(fn);
  }
  return { served, disabled, refused };
}

function refusal(type: string, isTrigger: boolean): string {
  const advice = isTrigger
    ? "Run the app with Azure Functions Core Tools to try it, or start its code from an HTTP function"
    : "Run the app with Azure Functions Core Tools to try it, or use the service's own client in the function";
  return `the embedded host does not serve ${type}. ${advice}.`;
}

/** `AzureWebJobs.<Name>.Disabled`, true or 1. Names match in any case, and `__` may replace the dots. */
function isDisabled(fn: RegisteredFunction, env: NodeJS.ProcessEnv): boolean {
  const settingName = `azurewebjobs.${fn.name}.disabled`.toLowerCase();
  return Object.entries(env).some(
    ([name, value]) => name.toLowerCase().replaceAll("__", ".") === settingName && /^(true|1)$/i.test(value ?? ""),
  );
}

/** An app with only its served functions. It counts the running calls. */
export class ServedApp implements FunctionApp {
  readonly functions: readonly RegisteredFunction[];
  readonly #app: FunctionApp;
  #running = 0;

  constructor(app: FunctionApp, served: readonly RegisteredFunction[]) {
    this.#app = app;
    this.functions = served;
  }

  get running(): number {
    return this.#running;
  }

  find(name: string): RegisteredFunction | undefined {
    const fn = this.#app.find(name);
    return fn && this.functions.includes(fn) ? fn : undefined;
  }

  async invoke(fn: RegisteredFunction, request: InvocationRequest): Promise<InvocationResult> {
    this.#running++;
    try {
      return await this.#app.invoke(fn, request);
    } finally {
      this.#running--;
    }
  }
}
