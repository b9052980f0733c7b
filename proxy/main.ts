import cluster from "node:cluster";

/**
 * `main.js edge|backend`: runs that service in the foreground until SIGTERM or SIGINT; SIGHUP renews its workers.
 * `main.js backend --servers 50 --start-port 9000`: that many backends in this one process.
 * A primary starts `main.js edge|backend worker`. Each kind of process loads what it needs alone.
 */
const args = process.argv.slice(2);
// An older primary starts its workers through node:cluster; these refuse to serve it.
const isWorker = cluster.isWorker || args[1] === "worker";
if (isWorker) await (await import("./worker.ts")).runWorker(args[0] === "backend" ? "backend" : "edge");
else if (args[0] === "backend" && args.length > 1) await (await import("./server-range.ts")).runServers(args.slice(1));
else await (await import("./primary.ts")).runPrimary(args);
