import fc from "fast-check";
import { comparePrecedence, matchRoute, parseRouteTemplate } from "../../../host/http/route-template.js";
import { ConfigurationError } from "../../../host/settings/configuration-error.js";
import { parseHostJson } from "../../../host/settings/host-json.js";
import { parseLocalSettings } from "../../../host/settings/local-settings.js";
import { parseSchedule } from "../../../host/timers/schedule.js";
import { parseTimeSpan } from "../../../host/timers/time-span.js";
import { readConfig } from "../../../src/config.js";
import { change, changed, type Json, nastyText } from "../mutate.js";
import { bomb, type Pieces, plain, textOf } from "../pieces.js";
import { type Target, type Verdict, Violation } from "../target.js";
import { edit, edited } from "../text-edits.js";

/** Counts an error that the parser documents as a refusal. Any other error escapes. */
function refusedAs(promised: (error: Error) => boolean, parse: () => unknown): Verdict {
  try {
    parse();
    return "accepted";
  } catch (error) {
    if (error instanceof Error && promised(error)) return "refused";
    throw error;
  }
}

const isConfigurationError = (error: Error): boolean => error instanceof ConfigurationError && error.message !== "";

const corruptedRows = (seeds: readonly string[], most = 3): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: most })).map(([seed, edits]) => edited(seed, edits));

const CRONTABS = [
  "0 */5 * * * *",
  "0 0 0 29 2 Mon",
  "*/15 * * * *",
  "0 0-59/3 9-17 1,15 jan-dec sun-sat",
  "59 59 23 31 12 6",
  "0 30 9 * January Mon,Tue",
  "0 0 0 31 2,4 *",
];
const FIELD = fc.oneof(
  fc.constantFrom(
    "*",
    "*/2",
    "0",
    "59",
    "1-5",
    "5/15",
    "mon",
    "jan-mar",
    "1,2,3",
    "31",
    "2",
    "*/999",
    "7",
    "-",
    "1-",
    "/",
  ),
  nastyText,
);
const NOWS = [0, Date.UTC(2026, 2, 29, 0, 59, 59, 999), Date.UTC(2026, 9, 25, 1), Date.UTC(9_999, 11, 31, 23, 59), -1];

const schedules: Target<{ text: string; now: number }> = {
  name: "ncrontab",
  share: 230_000,
  inputs: fc.record({
    text: fc.oneof(
      corruptedRows(CRONTABS),
      fc.array(FIELD, { minLength: 5, maxLength: 6 }).map((fields) => fields.join(" ")),
    ),
    now: fc.constantFrom(...NOWS),
  }),
  feed: ({ text, now }) =>
    refusedAs(isAboutSchedule, () => {
      const next = parseSchedule(text).nextAfter(now);
      if (!(next > now) || !Number.isFinite(next)) throw new Violation(`the next time after ${now} is ${next}`);
    }),
};

const isAboutSchedule = ({ message }: Error): boolean =>
  /is not a valid \S+ field|a date that does not exist|is neither NCRONTAB/.test(message);

const SPANS = [
  "00:05:00",
  "1.02:03:04",
  "24:00:00",
  "23:59:59.9999999",
  "00:00",
  "99999999.23:59:59",
  "0.00:00:00.0000001",
];
const MAX_SPAN_MS = 922_337_203_685_477;

const spans: Target<string> = {
  name: "time-spans",
  share: 130_000,
  inputs: fc.oneof(
    corruptedRows(SPANS),
    fc
      .array(fc.oneof(fc.nat(99).map(String), fc.constantFrom(":", ".", "9".repeat(30)), nastyText), { maxLength: 9 })
      .map(join),
  ),
  feed(text) {
    const ms = parseTimeSpan(text);
    if (ms === undefined) return "refused";
    if (!(ms >= 0 && ms <= MAX_SPAN_MS)) throw new Violation(`${ms} ms is not a time span of .NET`);
    return "accepted";
  },
};

function join(parts: readonly string[]): string {
  return parts.join("");
}

const TEMPLATES = [
  "api/worlds/{worldId}/protected-items/{itemId}",
  "orders/{id:int}/{*rest}",
  "files/{name}.{extension?}",
  "a/{b:length(2,5)}-{c:regex(^\\d{{3}}$)}/{d=5}",
  "{x:range(1,9):min(2)}/{**all}",
  "{y:guid}/{z:alpha:maxlength(3)}",
  "{v:datetime}/{w:decimal}",
];
const PATHS = [
  "api",
  "worlds",
  "w",
  "5",
  "a.b",
  "a.b.c",
  "2026-01-01",
  "..",
  "",
  "%2F",
  "ab-123",
  "x".repeat(2_000),
  "-".repeat(4_000),
  ".".repeat(4_000),
];

const templates: Target<{ template: string; other: string; path: string[] }> = {
  name: "route-templates",
  share: 130_000,
  inputs: fc.record({
    template: corruptedRows(TEMPLATES, 4),
    other: corruptedRows(TEMPLATES, 1),
    path: fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...PATHS) }, nastyText), { maxLength: 5 }),
  }),
  feed: ({ template, other, path }) =>
    refusedAs(isConfigurationError, () => {
      const parsed = parseRouteTemplate(template);
      const params = matchRoute(parsed, path);
      if (params !== undefined && Object.getPrototypeOf(params) !== Object.prototype) {
        throw new Violation("the parameters have another prototype");
      }
      const second = parseRouteTemplate(other);
      if (comparePrecedence(parsed, second) !== -comparePrecedence(second, parsed)) {
        throw new Violation("the order of two templates depends on which comes first");
      }
    }),
};

const HOST_JSON: Json = {
  version: "2.0",
  functions: ["a"],
  functionTimeout: "00:10:00",
  logging: { logLevel: { default: "Information", Function: "Warning" } },
  extensions: {
    http: { routePrefix: "api", customHeaders: { "X-A": "b" } },
    durableTask: {
      hubName: "Hub%NAME%",
      maxConcurrentActivityFunctions: "5",
      storeInputsInOrchestrationHistory: "true",
      http: { defaultAsyncRequestSleepTimeMilliseconds: 1 },
      storageProvider: { connectionName: "AzureWebJobsStorage" },
    },
  },
};
const LOCAL_SETTINGS: Json = {
  IsEncrypted: false,
  Values: { AzureWebJobsStorage: "UseDevelopmentStorage=true", A: 1, B: true, C: null },
  Host: { LocalHttpPort: 7_071, CORS: "*, https://a.example/", CORSCredentials: true },
  ConnectionStrings: { Db: "x" },
};

const documents = (document: Json): fc.Arbitrary<Pieces> =>
  fc.oneof(
    {
      weight: 2_000,
      arbitrary: fc
        .tuple(fc.array(change, { maxLength: 4 }), fc.oneof(fc.constant([]), fc.array(edit, { maxLength: 3 })))
        .map(([changes, edits]) => plain(edited(JSON.stringify(changed(document, changes)), edits))),
    },
    { weight: 1, arbitrary: bomb },
  );

const OVERRIDES = [
  "AzureFunctionsJobHost__extensions__durableTask__hubName",
  "AzureFunctionsJobHost__logging__logLevel__Default",
  "AzureFunctionsJobHost____proto____polluted",
  "AzureFunctionsJobHost__constructor__prototype__polluted",
  "AzureFunctionsJobHost__functions__0",
  "AzureFunctionsJobHost__version__x",
  "AzureFunctionsJobHost__",
];

const hostJson: Target<{ text: Pieces; overrides: [string, string][] }> = {
  name: "host-json",
  share: 60_000,
  inputs: fc.record({
    text: documents(HOST_JSON),
    overrides: fc.array(fc.tuple(fc.oneof(fc.constantFrom(...OVERRIDES), nastyText), nastyText), { maxLength: 3 }),
  }),
  feed: ({ text, overrides }) =>
    refusedAs(isConfigurationError, () => parseHostJson(textOf(text), { NAME: "x", ...Object.fromEntries(overrides) })),
};

const localSettings: Target<Pieces> = {
  name: "local-settings",
  share: 50_000,
  inputs: documents(LOCAL_SETTINGS),
  feed: (text) => refusedAs(isConfigurationError, () => parseLocalSettings(textOf(text))),
};

const SETTINGS = ["AzureWebJobsStorage", "EMULATOR_SPEED", "EMULATOR_DURATIONS", "STEP_LIMIT_MINUTES", "TABLE_PREFIX"];

const settings: Target<[string, string][]> = {
  name: "settings",
  share: 40_000,
  inputs: fc.array(
    fc.tuple(
      fc.constantFrom(...SETTINGS),
      fc.oneof(nastyText, fc.constantFrom("60", "zero", "Abc", "240"), fc.double().map(String)),
    ),
    { maxLength: 6 },
  ),
  feed: (found) =>
    refusedAs(
      ({ message }) => message.startsWith("Settings are not valid."),
      () => {
        const { speed, stepLimitMinutes } = readConfig({ AzureWebJobsStorage: "x", ...Object.fromEntries(found) });
        if (!(speed > 0 && stepLimitMinutes > 0)) throw new Violation(`speed ${speed}, limit ${stepLimitMinutes}`);
      },
    ),
};

/** Targets that read the settings of the person who runs the host. */
export const HOST_TARGETS: readonly Target[] = [schedules, spans, templates, hostJson, localSettings, settings];
