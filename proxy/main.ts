import cluster from "node:cluster";

/**
 * `main.js edge|backend`: runs that service in the foreground until SIGTERM or SIGINT; SIGHUP renews its workers.
 * Each kind of process loads what it needs alone.
 */
const args = process.argv.slice(2);
if (cluster.isPrimary) await (await import("./primary.ts")).runPrimary(args);
else await (await import("./worker.ts")).runWorker(args[0] === "backend" ? "backend" : "edge");
