import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    pool: "forks",
    include: ["test/**/*.test.ts", "host/test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**", "host/test/golden/**", "host/test/apps/**"],
    globalSetup: ["test/support/azurite-setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
  },
});
