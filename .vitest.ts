import { defineConfig } from "vitest/config";

/** Tests that need no more than Node. They run built code where they start processes: build first (`npm test` does). */
export default defineConfig({
  test: {
    include: ["proxy/**/*.test.{ts,tsx}", "stress/**/*.test.{ts,tsx}"],
    exclude: ["**/dist/**", "**/node_modules/**", "**/*.system.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
