import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import { callableAddress, checkAddress } from "../../addresses.js";
import { createConsoleLogger } from "../../console-logger.js";
import { VirtualClock } from "../../durable/engine/virtual-time.js";
import { parseRouteTemplate } from "../../http/route-template.js";
import { parseHostJson } from "../../settings/host-json.js";
import { applySettings, parseLocalSettings } from "../../settings/local-settings.js";

describe("host.json", () => {
  test("a missing file means the defaults", () => {
    expect(parseHostJson(undefined, {})).toMatchObject({
      routePrefix: "api",
      functionTimeoutMs: 1_800_000,
      durableTask: {
        hubName: "TestHubName",
        maxConcurrentActivityFunctions: 10 * availableParallelism(),
        maxConcurrentOrchestratorFunctions: 10 * availableParallelism(),
        connectionName: "AzureWebJobsStorage",
      },
    });
  });

  test("settings of the environment win over the file, in whatever case", () => {
    const text = '{"version":"2.0","extensions":{"durableTask":{"hubName":"Mine","maxConcurrentActivityFunctions":3}}}';
    const env = {
      AzureFunctionsJobHost__extensions__durableTask__hubName: "Other",
      AZUREFUNCTIONSJOBHOST__EXTENSIONS__HTTP__ROUTEPREFIX: "",
      AzureFunctionsJobHost__extensions__durableTask__maxConcurrentOrchestratorFunctions: "7",
    };
    expect(parseHostJson(text, env)).toMatchObject({
      routePrefix: "",
      durableTask: { hubName: "Other", maxConcurrentActivityFunctions: 3, maxConcurrentOrchestratorFunctions: 7 },
    });
  });

  test("a setting can't reach a prototype", () => {
    parseHostJson('{"version":"2.0"}', { AzureFunctionsJobHost____proto____polluted: "yes" });
    parseHostJson('{"version":"2.0"}', { AzureFunctionsJobHost__constructor__prototype__polluted: "yes" });
    expect({}).not.toHaveProperty("polluted");
  });

  test("names between percent signs are replaced", () => {
    const text = '{"version":"2.0","extensions":{"durableTask":{"hubName":"%HUB%"}}}';
    expect(parseHostJson(text, { HUB: "FromSetting" }).durableTask.hubName).toBe("FromSetting");
    expect(() => parseHostJson(text, {})).toThrow(/hubName names the app setting "HUB", which is not set/);
  });

  test.each([
    ["{", /not JSON/],
    ["[]", /host\.json/],
    ["{}", /version must be "2\.0"/],
    ['{"version":"1.0"}', /version must be "2\.0"/],
    ['{"version":"2.0","functionTimeout":"soon"}', /functionTimeout "soon"/],
    ['{"version":"2.0","logging":{"logLevel":{"default":"loud"}}}', /logging\.logLevel\.default/],
    ['{"version":"2.0","extensions":{"durableTask":{"hubName":"a b"}}}', /hubName "a b"/],
    [
      '{"version":"2.0","extensions":{"durableTask":{"maxConcurrentActivityFunctions":0}}}',
      /maxConcurrentActivityFunctions/,
    ],
  ])("%s is refused", (text, message) => {
    expect(() => parseHostJson(text, {})).toThrow(message);
  });

  test.each([
    ["00:05:00", 300_000],
    ["1.00:00:00", 86_400_000],
    ["-1", undefined],
  ])("a functionTimeout of %s", (text, ms) => {
    expect(parseHostJson(JSON.stringify({ version: "2.0", functionTimeout: text }), {}).functionTimeoutMs).toBe(ms);
  });
});

describe("local.settings.json", () => {
  test("gives settings, port, origins and connection strings; null is left out", () => {
    const text = JSON.stringify({
      IsEncrypted: false,
      Values: { A: "1", B: null, C: true },
      Host: { LocalHttpPort: 7099, CORS: "https://One.example/, *", CORSCredentials: true },
      ConnectionStrings: { Sql: "x" },
    });
    expect(parseLocalSettings(text)).toEqual({
      values: { A: "1", C: "true", "ConnectionStrings:Sql": "x" },
      port: 7099,
      cors: { origins: ["https://one.example", "*"], credentials: true },
    });
  });

  test("a variable that is set already wins", () => {
    const env = { A: "mine" };
    applySettings({ values: { A: "file", B: "file" } }, env);
    expect(env).toEqual({ A: "mine", B: "file" });
  });

  test.each([
    ["{", /can't be read/],
    ['{"Values":{"A":"1"}}', /encrypted/],
    ['{"IsEncrypted":true,"Values":{"A":"1"}}', /encrypted/],
    ['{"IsEncrypted":false,"Values":{"A":{"b":1}}}', /Values\.A must be a text/],
    ['{"IsEncrypted":false,"Host":{"LocalHttpPort":99999}}', /LocalHttpPort/],
  ])("%s is refused", (text, message) => {
    expect(() => parseLocalSettings(text)).toThrow(message);
  });
});

describe("route templates", () => {
  test.each(["a//b", "{", "a}", "{}", "{a}/{A}", "{*a}/b", "{a:none}", "{a:length(x)}", "{a:regex([)}", "x{*a}"])(
    "%s is refused",
    (text) => {
      expect(() => parseRouteTemplate(text)).toThrow(/can't be used/);
    },
  );
});

describe("addresses", () => {
  test.each(["127.0.0.1", "127.9.9.9", "::1", "localhost"])("%s needs no keys", (address) => {
    expect(() => checkAddress(address, false, false)).not.toThrow();
  });

  test.each(["0.0.0.0", "::", "192.168.0.1", "127.0.0.1.example.com", "localhost.example"])(
    "%s needs keys, or a flag",
    (address) => {
      expect(() => checkAddress(address, false, false)).toThrow(/--enable-auth/);
      expect(() => checkAddress(address, true, false)).not.toThrow();
      expect(() => checkAddress(address, false, true)).not.toThrow();
    },
  );

  test("every interface is called by loopback", () => {
    expect(callableAddress("0.0.0.0", 80).url).toBe("http://127.0.0.1:80");
    expect(callableAddress("::", 80).url).toBe("http://[::1]:80");
  });
});

describe("the log", () => {
  const linesOf = (
    levels: Record<string, "debug" | "warning" | "none">,
    pretty: boolean,
  ): { lines: string[]; log: ReturnType<typeof createConsoleLogger> } => {
    const lines: string[] = [];
    const log = createConsoleLogger({
      levels,
      defaultLevel: "information",
      pretty,
      clock: new VirtualClock(0),
      write: (line) => void lines.push(line),
    });
    return { lines, log };
  };

  test("the longest matching category decides what is written", () => {
    const { lines, log } = linesOf({ default: "warning", Function: "debug", "Function.Quiet": "none" }, false);
    log.log("information", "host", { category: "Host.Startup" });
    log.log("debug", "shown", { category: "Function.Pay.User" });
    log.log("critical", "hidden", { category: "Function.Quiet.User" });
    log.log("debug", "of another word", { category: "Functional" });
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(["shown"]);
  });

  test("JSON lines carry function and instance id as fields, pretty ones after the text", () => {
    const fields = { category: "Function.Pay", function: "Pay", instanceId: "i1" };
    const json = linesOf({}, false);
    json.log.log("error", "no\nmoney", fields);
    expect(JSON.parse(json.lines[0] ?? "")).toEqual({
      time: "1970-01-01T00:00:00.000Z",
      level: "error",
      message: "no\nmoney",
      ...fields,
    });
    const pretty = linesOf({}, true);
    pretty.log.log("error", "no money", fields);
    expect(pretty.lines[0]).toContain("function=Pay instanceId=i1");
  });
});
