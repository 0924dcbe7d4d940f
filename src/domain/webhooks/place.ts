import { z } from "zod";
import type { JsonValue } from "./strict-json.js";

const NAME = "[A-Za-z_][\\w-]*";
const PICK = `\\[(?:\\d{1,3}|${NAME}=[\\w .:-]{1,80})\\]`;
const PLACE = new RegExp(`^${NAME}(?:${PICK})?(?:\\.${NAME}(?:${PICK})?)*$`);

/**
 * Where a value is found in a message, such as `event.agent.id`, `actions[0].value` or
 * `event.data.changed_custom_fields[name=decision].value`.
 */
export const Place = z
  .string()
  .max(200)
  .regex(PLACE, "use names with dots between them, [0] for an entry and [name=x] for the entry with that name");

/** Places to look at in turn. The first one that has a text counts. */
export const Places = z.array(Place).min(1).max(8);

/** The longest text that a place gives. */
const MAX_TEXT_CHARACTERS = 4_000;

/** The first text, or whole number as text, at one of the places. Undefined if there is none. */
export function textAt(message: JsonValue, places: readonly string[]): string | undefined {
  for (const place of places) {
    const value = valueAt(message, place);
    if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
    if (typeof value === "string" && value !== "" && value.length <= MAX_TEXT_CHARACTERS) return value;
  }
  return undefined;
}

function valueAt(message: JsonValue, place: string): JsonValue | undefined {
  let value: JsonValue | undefined = message;
  for (const [, name = "", , index, key, wanted] of place.matchAll(STEP)) {
    value = ownValue(value, name);
    if (index !== undefined) value = Array.isArray(value) ? value[Number(index)] : undefined;
    else if (key !== undefined) value = onlyEntry(value, key, wanted);
  }
  return value;
}

/** A name with the pick behind it. A pick may contain dots, so the place is not split at them. */
const STEP = new RegExp(`(${NAME})(\\[(?:(\\d{1,3})|(${NAME})=([\\w .:-]{1,80}))\\])?(?:\\.|$)`, "g");

const ownValue = (value: JsonValue | undefined, name: string): JsonValue | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
    ? value[name]
    : undefined;

/** The entry with that name. Two of them could mean two things, so they mean nothing. */
function onlyEntry(value: JsonValue | undefined, key: string, wanted: string | undefined): JsonValue | undefined {
  const found = Array.isArray(value) ? value.filter((entry) => ownValue(entry, key) === wanted) : [];
  return found.length === 1 ? found[0] : undefined;
}
