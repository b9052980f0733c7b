import { defineConfig } from "vitest/config";

/** Proofs on the clock of a real machine: a crowded one can make them say nothing. They gate no change; run them on a quiet one. */
export default defineConfig({
  test: {
    include: ["stress/**/*.proof.test.ts"],
    exclude: ["**/dist/**", "**/node_modules/**"],
    testTimeout: 600_000,
    fileParallelism: false,
  },
});
