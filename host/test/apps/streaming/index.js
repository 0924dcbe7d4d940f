const { app } = require("@azure/functions");
const { Readable } = require("node:stream");

app.setup({ enableHttpStream: true });

app.http("upper", {
  route: "upper/{word}",
  methods: ["POST"],
  authLevel: "anonymous",
  handler: async (request) => {
    async function* answer() {
      for await (const chunk of request.body) yield Buffer.from(chunk).toString().toUpperCase();
    }
    return {
      status: 203,
      headers: {
        "x-word": request.params.word,
        "x-query": request.query.get("q") ?? "",
        "x-sent": request.headers.get("x-sent") ?? "",
      },
      cookies: [{ name: "c", value: "1" }],
      body: Readable.from(answer()),
    };
  },
});
app.http("nothing", { authLevel: "anonymous", handler: async () => undefined });
app.http("throws", {
  authLevel: "anonymous",
  handler: async () => {
    throw new Error("a secret of the app");
  },
});
