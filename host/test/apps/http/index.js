const { app } = require("@azure/functions");

const text = (body) => async () => ({ body });
const params = async (request) => ({ jsonBody: { params: request.params } });

app.http("echo", {
  route: "echo",
  methods: ["POST", "PUT"],
  authLevel: "anonymous",
  handler: async (request) => ({
    jsonBody: {
      text: await request.text(),
      query: Object.fromEntries(request.query),
      header: request.headers.get("x-test"),
      url: request.url,
    },
  }),
});
app.http("literal", { route: "orders/latest", authLevel: "anonymous", handler: text("literal") });
app.http("byNumber", { route: "orders/{id:int:min(1)}", authLevel: "anonymous", handler: params });
app.http("byName", { route: "orders/{name}", authLevel: "anonymous", handler: params });
app.http("fallback", { route: "pages/{page=home}", authLevel: "anonymous", handler: params });
app.http("rest", { route: "files/{*path}", authLevel: "anonymous", handler: params });
app.http("file", { route: "download/{name}.{extension?}", authLevel: "anonymous", handler: params });
app.http("cookies", {
  authLevel: "anonymous",
  handler: async () => ({
    status: 201,
    body: "set",
    headers: { "x-own": "yes" },
    cookies: [
      { name: "plain", value: "a b" },
      { name: "full", value: "1", path: "/", maxAge: 60, httpOnly: true, secure: true, sameSite: "Strict" },
    ],
  }),
});
app.http("throws", {
  authLevel: "anonymous",
  handler: async () => {
    throw new Error("a secret of the app");
  },
});
app.http("nothing", { authLevel: "anonymous", handler: async () => undefined });
app.http("wrong", { authLevel: "anonymous", handler: async () => "a text" });
app.http("bytes", { authLevel: "anonymous", handler: async () => ({ body: Buffer.from([0, 255, 1]) }) });
app.http("level", { authLevel: "function", handler: text("function") });
app.http("private", { route: "private", authLevel: "admin", handler: text("admin") });
app.http("disabled", { authLevel: "anonymous", handler: text("never") });
app.http("adminRoute", { route: "administrators", authLevel: "anonymous", handler: text("never") });

const gates = new Map();
app.http("slow", {
  authLevel: "anonymous",
  handler: () => new Promise((resolve) => gates.set("slow", () => resolve({ body: "slow" }))),
});
app.http("release", {
  authLevel: "anonymous",
  handler: async () => {
    const open = gates.get("slow");
    gates.delete("slow");
    open?.();
    return { body: String(open !== undefined) };
  },
});
