import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    pool: "forks",
    // No input may reach a prototype. Azurite itself needs __proto__, so this is not in NODE_OPTIONS.
    execArgv: ["--disable-proto=throw"],
    include: ["test/**/*.test.ts", "verification/**/*.test.ts", "host/test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**", "host/test/golden/**", "host/test/apps/**"],
    globalSetup: ["test/support/azurite-setup.ts"],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
  },
});
