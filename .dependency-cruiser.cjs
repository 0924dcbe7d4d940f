/**
 * Who may import whom (see ARCHITECTURE.md). Checked by scripts/check-imports.mjs, which also fails when a source
 * file was not looked at.
 */
const rule = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

/** A word that names the package, whichever folder it is installed in. */
const installed = (name) => `(^|/)node_modules/${name}/`;

/** For `dependencyTypesNot`: an import of types alone costs nothing at run time. */
const VALUES = ["type-only"];

module.exports = {
  forbidden: [
    rule("no-cycles", "A cycle has no first file to read.", {}, { circular: true }),
    rule("resolvable", "An import that leads nowhere fails when it is too late.", {}, { couldNotResolve: true }),

    rule(
      "host-stands-alone",
      "The host would make sense as a package of its own: it loads the built app and knows nothing of it.",
      { path: "^host/" },
      { path: "^(src|demo|samples|bench|scripts|verification)/" },
    ),
    rule(
      "app-stands-alone",
      "src is what is deployed: it runs on any Functions host, and imports nothing that stays on the laptop.",
      { path: "^src/" },
      { path: "^(?!src/|node_modules/)[^/]+/", dependencyTypesNot: ["core"] },
    ),
    rule(
      "app-needs-no-tools",
      "What src imports must be installed with it.",
      { path: "^src/" },
      { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: VALUES },
    ),
    rule(
      "demo-is-a-client",
      "The demo shows what a user can do, so it goes through the host and the HTTP interface.",
      { path: "^demo/" },
      { path: "^src/", pathNot: "^src/(api|domain)/" },
    ),

    rule(
      "verifier-stands-alone",
      "Whoever checks evidence must not have to trust the program that made it.",
      { path: "^verify/" },
      { pathNot: "^verify/", dependencyTypesNot: ["core"] },
    ),

    rule(
      "domain-is-pure",
      "The rules import zod and each other, nothing else.",
      { path: "^src/domain/" },
      { pathNot: ["^src/domain/", installed("zod")] },
    ),
    rule(
      "steps-are-declarations",
      "The catalogue and what is derived from it are data: they run nothing.",
      { path: "^src/steps/" },
      { path: "^src/", pathNot: "^src/(domain|steps)/|^src/durable/contract\\.ts$" },
    ),
    rule(
      "workflows-know-contracts",
      "Orchestrators read domain words, durable calls and contracts; the code behind a contract runs elsewhere.",
      { path: "^src/orchestrators/" },
      {
        path: "^src/",
        pathNot: ["^src/(domain|durable|orchestrators|steps)/", "^src/executions/[a-z-]*contracts\\.ts$"],
      },
    ),
    rule(
      "ports-before-adapters",
      "Only composition chooses an adapter; everybody else sees the port.",
      { path: "^src/", pathNot: ["^src/(store|hypervisor)/", "^src/composition\\.ts$"] },
      { path: "^src/(store|hypervisor)/", pathNot: "^src/(store|hypervisor)/port\\.ts$" },
    ),
    rule(
      "store-and-hypervisor-are-below",
      "Adapters serve their port and know the domain, not those who call them.",
      { path: "^src/(store|hypervisor)/" },
      { path: "^src/(?!domain/|store/|hypervisor/|steps/catalogue\\.ts)" },
    ),
    rule(
      "identity-stands-apart",
      "Who calls is decided from headers, settings and stored tokens; it knows nothing of what is called.",
      { path: "^src/identity/" },
      { path: "^src/(?!domain/|identity/|store/port\\.ts$)" },
    ),
    rule(
      "identity-from-composition",
      "Only composition chooses how callers are identified; everybody else sees the port.",
      { path: "^src/", pathNot: ["^src/identity/", "^src/(composition|config)\\.ts$"] },
      { path: "^src/identity/", pathNot: "^src/identity/port\\.ts$" },
    ),
    rule(
      "activities-are-leaves",
      "An activity has one side effect, by a port; it does not know who asked.",
      { path: "^src/activities/" },
      { path: "^src/(orchestrators|commands|api|functions)/|^src/(composition|config)\\.ts$" },
    ),
    rule(
      "executions-are-below",
      "The life of an execution's record is the same for an activity and for a command.",
      { path: "^src/executions/" },
      { path: "^src/(activities|orchestrators|commands|api|functions)/|^src/(composition|config)\\.ts$" },
    ),
    rule(
      "delivery-stands-apart",
      "A request is checked, signed and sent whatever it is about.",
      { path: "^src/delivery/" },
      { path: "^src/(?!domain/|delivery/|ports\\.ts$)" },
    ),
    rule(
      "notifications-are-below",
      "Activities and commands tell of events alike; the outbox does not know who asked.",
      { path: "^src/notifications/" },
      { path: "^src/(activities|orchestrators|commands|api|functions)/|^src/(composition|config)\\.ts$" },
    ),
    rule(
      "commands-call-no-activity",
      "An activity runs for an orchestration; what both need is in executions.",
      { path: "^src/commands/" },
      { path: "^src/activities/" },
    ),
    rule(
      "commands-know-no-transport",
      "A command is the same behind HTTP, a timer or a webhook.",
      { path: "^src/commands/" },
      { path: "^src/(api|functions)/|^src/(composition|config)\\.ts$" },
    ),
    rule(
      "api-knows-no-machinery",
      "What crosses HTTP is told in domain words; the work is done by commands.",
      { path: "^src/api/" },
      { path: "^src/(functions|orchestrators|activities|durable|hypervisor)/|^src/(composition|config)\\.ts$" },
    ),
    rule(
      "triggers-only-at-the-edge",
      "The host loads the triggers, and only the verification programs call one directly.",
      { pathNot: "^(src/functions|verification)/" },
      { path: "^src/functions/" },
    ),
    rule(
      "composition-at-the-edge",
      "Adapters are built once, for the triggers.",
      { path: "^src/", pathNot: ["^src/functions/", "^src/composition\\.ts$"] },
      { path: "^src/composition\\.ts$" },
    ),
    rule(
      "durable-functions-in-one-room",
      "Only src/durable and the file that registers know durable-functions; others may name its types.",
      { path: "^src/", pathNot: ["^src/durable/", "^src/functions/durable\\.ts$"] },
      { path: installed("durable-functions"), dependencyTypesNot: VALUES },
    ),
    rule(
      "functions-library-at-the-edge",
      "Only triggers register with the Functions library; others may name its types.",
      { path: "^src/", pathNot: "^src/(functions|durable)/" },
      { path: installed("@azure/functions"), dependencyTypesNot: VALUES },
    ),
    rule(
      "azure-clients-from-composition",
      "Only composition builds a storage client; adapters get theirs as an argument.",
      { path: "^src/", pathNot: ["^src/composition\\.ts$", "^src/store/", "^src/hypervisor/"] },
      { path: installed("@azure/(data-tables|storage-blob|core-[a-z-]+|identity)") },
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^host/test/(golden|apps)/" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
  },
};
