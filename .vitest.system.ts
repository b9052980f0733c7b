import { defineConfig } from "vitest/config";

/** Tests on a real nginx, browser or container engine. Each skips, with the reason, where its tool is missing; not in CI. */
export default defineConfig({
  test: {
    include: ["proxy/**/*.system.test.ts", "stress/**/*.system.test.ts", "compose/**/*.system.test.ts"],
    exclude: ["**/dist/**", "**/node_modules/**"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // One at a time: they measure.
    fileParallelism: false,
    // But for those of one file that say so: soaks wait far more than they work.
    maxConcurrency: 12,
    reporters: process.env.CI ? ["default", ["json", { outputFile: ".test-results/system.json" }]] : ["default"],
  },
});
