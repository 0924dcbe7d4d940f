import type { FunctionApp, InvocationResult, TypedData } from "../../app/function-app.js";
import type { FailureDetails } from "../history.js";
import { describeKnownFunctions } from "./episode.js";

export interface ActivityCall {
  instanceId: string;
  taskId: number;
  name: string;
  /** JSON text of the action's input, null for none. */
  input: string | null;
}

export type ActivityEnd =
  | { ok: true; result: string | null }
  | { ok: false; reason: string; details: string; failureDetails: FailureDetails | null };

/** Runs one activity to its end. Never rejects: a failure is an end too. */
export type ActivityRunner = (call: ActivityCall) => Promise<ActivityEnd>;

/** Runs activities as functions of the app. */
export function appActivityRunner(app: FunctionApp): ActivityRunner {
  return async (call) => {
    const fn = app.find(call.name);
    if (fn?.trigger.type !== "activityTrigger") {
      const text = `The function '${call.name}' doesn't exist, is disabled, or is not an activity function. Additional info: ${describeKnownFunctions(app, "activityTrigger")}`;
      return failure(call.name, text);
    }
    const input: unknown = call.input === null ? null : JSON.parse(call.input);
    const data = activityInput(input);
    try {
      const result = await app.invoke(fn, {
        inputs: [{ name: fn.trigger.name, data }],
        triggerMetadata: triggerMetadata(call.instanceId, fn.trigger.name, data, input),
        instanceId: call.instanceId,
      });
      return { ok: true, result: resultText(result) };
    } catch (error) {
      return failure(call.name, error instanceof Error ? error.message : String(error));
    }
  };
}

/** The package sends strings as JSON text already. A boolean reaches user code as .NET text, as on the genuine host. */
function activityInput(input: unknown): TypedData {
  if (input === null || input === undefined) return {};
  if (typeof input === "string") return { string: input };
  if (typeof input === "boolean") return { string: input ? "True" : "False" };
  return { string: JSON.stringify(input) };
}

function triggerMetadata(
  instanceId: string,
  binding: string,
  data: TypedData,
  input: unknown,
): Record<string, TypedData> {
  const metadata: Record<string, TypedData> = { instanceId: { string: instanceId } };
  if (input === null || input === undefined) return metadata;
  metadata[binding] = data;
  metadata["data"] = { string: JSON.stringify(input) };
  if (typeof input === "object" && !Array.isArray(input)) {
    for (const [key, value] of Object.entries(input)) metadata[key] = { string: JSON.stringify(value) };
  }
  return metadata;
}

function resultText({ returnValue }: InvocationResult): string | null {
  if (!returnValue) return null;
  if (returnValue.json !== undefined) return returnValue.json;
  if (returnValue.string !== undefined) return JSON.stringify(returnValue.string);
  if (returnValue.bytes !== undefined) return JSON.stringify(Buffer.from(returnValue.bytes).toString("base64"));
  const number = returnValue.int ?? returnValue.double;
  return number === undefined ? null : String(number);
}

/** The text has two spaces after the colon, as on the genuine host. */
function failure(name: string, message: string): ActivityEnd {
  const failureDetails = declaredFailure(message);
  const text = failureDetails?.ErrorMessage ?? message;
  return {
    ok: false,
    reason: `Activity function '${name}' failed:  ${text}`,
    details: JSON.stringify({ ClassName: "System.Exception", Message: ` ${text}` }),
    failureDetails,
  };
}

/** The failure that an app's exception properties provider describes: JSON in place of the message. */
function declaredFailure(message: string): FailureDetails | null {
  if (!message.startsWith("{")) return null;
  try {
    const value = JSON.parse(message) as Record<string, unknown>;
    if (typeof value["errorType"] !== "string" || typeof value["errorMessage"] !== "string") return null;
    return {
      ErrorType: value["errorType"],
      ErrorMessage: value["errorMessage"],
      StackTrace: typeof value["stackTrace"] === "string" ? value["stackTrace"] : null,
      InnerFailure: null,
      IsNonRetriable: value["isNonRetriable"] === true,
      Properties: (value["properties"] as Record<string, unknown> | undefined) ?? null,
    };
  } catch {
    return null;
  }
}
