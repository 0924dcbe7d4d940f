import type { HostJson } from "../settings/host-json.js";
import type { FunctionApp, InvocationRequest, InvocationResult, RegisteredFunction } from "./function-app.js";

/** What the host does with each function of an app. */
export interface Serving {
  served: readonly RegisteredFunction[];
  disabled: readonly RegisteredFunction[];
  /** Functions that this host can't give work to, each with the reason and what to do. */
  refused: readonly { fn: RegisteredFunction; reason: string }[];
}

const OWN_BINDINGS = ["httptrigger", "http", "timertrigger"];

/**
 * Sorts an app's functions. One that has any binding the host does not serve is refused whole: running it without
 * that binding would lose data silently.
 *
 * @param extra types that an extension serves, triggers and other bindings
 */
export function sortFunctions(
  app: FunctionApp,
  hostJson: HostJson,
  env: NodeJS.ProcessEnv,
  extra: readonly string[],
): Serving {
  const known = new Set([...OWN_BINDINGS, ...extra.map((type) => type.toLowerCase())]);
  const chosen = hostJson.functions?.map((name) => name.toLowerCase());
  const disabled: RegisteredFunction[] = [];
  const served: RegisteredFunction[] = [];
  const refused: Serving["refused"][number][] = [];
  for (const fn of app.functions) {
    const foreign = Object.values(fn.bindings).find((binding) => !known.has(binding.type.toLowerCase()));
    if ((chosen && !chosen.includes(fn.name.toLowerCase())) || isDisabled(fn, env)) disabled.push(fn);
    else if (foreign) refused.push({ fn, reason: refusal(foreign.type, foreign === fn.trigger) });
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

/** `AzureWebJobs.<Name>.Disabled`, true or 1; names match without regard to case, and `__` may stand for the dots. */
function isDisabled(fn: RegisteredFunction, env: NodeJS.ProcessEnv): boolean {
  const wanted = `azurewebjobs.${fn.name}.disabled`.toLowerCase();
  return Object.entries(env).some(
    ([name, value]) => name.toLowerCase().replaceAll("__", ".") === wanted && /^(true|1)$/i.test(value ?? ""),
  );
}

/** An app that shows only what is served, for those who hand out work, and counts what is running. */
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
