import { defineConfig } from "vitest/config";

/** Tests that need no more than Node. They run built code where they start processes: build first (`npm test` does). */
export default defineConfig({
  test: {
    include: ["proxy/**/*.test.{ts,tsx}", "stress/**/*.test.{ts,tsx}"],
    exclude: ["**/dist/**", "**/node_modules/**", "**/*.system.test.ts", "**/*.proof.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Half of the tests wait for processes and clocks; more files at once than this would fight for the CPU.
    maxWorkers: 3,
    reporters: process.env.CI ? ["default", ["json", { outputFile: ".test-results/unit.json" }]] : ["default"],
  },
});
