import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.js";
import type { Logger, LogLevel } from "../logger.js";
import type { InvocationRequest, InvocationResult, RegisteredFunction, TypedData } from "./function-app.js";
import type { FunctionsCore, InvocationModel, Registration } from "./functions-core.js";
import {
  type AppHookData,
  applyHooks,
  hookContext,
  type LogLine,
  type PostInvocation,
  type PreInvocation,
} from "./hooks.js";

export interface InvocationSetting {
  core: FunctionsCore;
  app: AppHookData;
  clock: Clock;
  logger: Logger;
  /** The time limit of an invocation in milliseconds; undefined for no limit. */
  timeoutMs: number | undefined;
  /** The values of inputs that the caller does not pass, by binding type. */
  extraInputs: Readonly<Record<string, () => TypedData>>;
}

/** The stage of an invocation. The library reads it to warn of user code that runs without being awaited. */
type Stage = "preInvocationHooks" | "invocation" | "postInvocationHooks" | undefined;

interface CoreContext {
  invocationId: string;
  metadata: Registration["metadata"];
  request: object;
  state: Stage;
  log(level: LogLevel | "none", category: string, message: string): void;
}

/**
 * One call of a function: arguments, hooks, user code, hooks, result.
 *
 * @throws the error of user code, or an error that says that the time limit has passed
 */
export async function invoke(
  setting: InvocationSetting,
  registration: Registration,
  fn: RegisteredFunction,
  request: InvocationRequest,
): Promise<InvocationResult> {
  const invocationId = request.invocationId ?? randomUUID();
  const fields = {
    category: `Function.${fn.name}`,
    function: fn.name,
    invocationId,
    ...(request.instanceId !== undefined && { instanceId: request.instanceId }),
  };
  const startedMs = setting.clock.now();
  try {
    const result = await withTimeout(setting, fn.name, run(setting, registration, fn, { ...request, invocationId }));
    setting.logger.log("debug", `Executed '${fn.name}' in ${setting.clock.now() - startedMs} ms`, fields);
    return result;
  } catch (thrown) {
    const error = asError(thrown);
    setting.logger.log("error", `'${fn.name}' failed: ${error.message}`, { ...fields, stack: error.stack });
    throw error;
  }
}

async function run(
  setting: InvocationSetting,
  registration: Registration,
  fn: RegisteredFunction,
  request: InvocationRequest & { invocationId: string },
): Promise<InvocationResult> {
  const { model } = setting.core;
  if (!model) throw new Error("No programming model is set. Is @azure/functions loaded twice, or not at all?");
  const hookData = {};
  const core = coreContext(setting, registration, fn, request, hookData);
  const library = await model.getInvocationModel(core);
  const { context, inputs } = await library.getArguments();
  if (request.triggerValue !== undefined) inputs[0] = request.triggerValue;
  const fixed = { hookData, appHookData: setting.app.appHookData, invocationContext: context };

  core.state = "preInvocationHooks";
  const call: PreInvocation = { functionCallback: registration.callback, inputs };
  const before = await applyHooks(setting.core.hooks("preInvocation"), fixed, call);

  core.state = "invocation";
  const ended: PostInvocation = { inputs: before.inputs, ...(await settle(library, context, before)) };

  core.state = "postInvocationHooks";
  const after = await applyHooks(setting.core.hooks("postInvocation"), fixed, ended);
  core.state = undefined;

  if (after.error !== null && after.error !== undefined) throw after.error;
  if (request.asValue) return { value: after.result, outputData: [] };
  const response = (await library.getResponse(context, after.result)) as Partial<InvocationResult>;
  return {
    outputData: response.outputData ?? [],
    ...("returnValue" in response && { returnValue: response.returnValue }),
  };
}

async function settle(
  library: InvocationModel,
  context: unknown,
  call: PreInvocation,
): Promise<{ result: unknown; error: unknown }> {
  try {
    return { result: (await library.invokeFunction(context, call.inputs, call.functionCallback)) ?? null, error: null };
  } catch (thrown) {
    return { result: null, error: asError(thrown) };
  }
}

function coreContext(
  setting: InvocationSetting,
  registration: Registration,
  fn: RegisteredFunction,
  request: InvocationRequest & { invocationId: string },
  hookData: object,
): CoreContext {
  const { metadata } = registration;
  const { invocationId } = request;
  return {
    invocationId,
    metadata,
    state: undefined,
    request: {
      invocationId,
      functionId: metadata.functionId ?? metadata.name,
      inputData: [...request.inputs, ...missingInputs(setting, fn, request)],
      triggerMetadata: request.triggerMetadata ?? {},
      traceContext: {},
      retryContext: request.retryContext,
    },
    log: (level, category, message) => {
      const line = hookContext<LogLine>(
        { hookData, appHookData: setting.app.appHookData },
        { level, message, category },
      );
      logLine(setting, line, {
        category: `Function.${fn.name}${category === "user" ? ".User" : ""}`,
        function: fn.name,
        invocationId,
        ...(request.instanceId !== undefined && { instanceId: request.instanceId }),
      });
    },
  };
}

/** Lets `log` hooks see and change a line, then writes it. These hooks are synchronous, because a log call is not awaited. */
export function logLine(
  setting: Pick<InvocationSetting, "core" | "logger">,
  line: LogLine,
  fields: { category: string; function?: string; invocationId?: string; instanceId?: string },
): void {
  for (const hook of setting.core.hooks("log")) hook(line);
  if (line.level !== "none") setting.logger.log(line.level, line.message, fields);
}

function missingInputs(setting: InvocationSetting, fn: RegisteredFunction, request: InvocationRequest) {
  return Object.entries(fn.bindings).flatMap(([name, binding]) => {
    const value = binding.direction === "in" ? setting.extraInputs[binding.type.toLowerCase()] : undefined;
    return value && !request.inputs.some((given) => given.name === name) ? [{ name, data: value() }] : [];
  });
}

async function withTimeout<T>(setting: InvocationSetting, name: string, work: Promise<T>): Promise<T> {
  const { clock, timeoutMs } = setting;
  if (timeoutMs === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const alarm = clock.after(timeoutMs, () => {
      reject(
        new Error(
          `Timeout value of ${timeoutMs} ms exceeded by function '${name}'. Increase functionTimeout in host.json, or do less work in one call.`,
        ),
      );
    });
    work.then(resolve, reject).finally(() => alarm.cancel());
  });
}

/** User code may throw any value. The rest of the host expects Errors. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  if (thrown === null || thrown === undefined) return new Error("Unknown error");
  if (typeof thrown === "object")
    return isErrorLike(thrown) ? Object.assign(new Error(thrown.message), thrown) : new Error(JSON.stringify(thrown));
  return new Error(String(thrown));
}

/** An Error of another realm (a `vm` context) is not an instance of this realm's `Error`. */
function isErrorLike(thrown: object): thrown is { message: string } {
  return Object.prototype.toString.call(thrown) === "[object Error]" && "message" in thrown;
}
