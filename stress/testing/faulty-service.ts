import { openSync } from "node:fs";
import { Agent, createServer, get } from "node:http";
import { argv, stdin } from "node:process";

/**
 * A real HTTP server with one fault, for soaks that must find it, or must not. It imports nothing of the project, so that
 * it runs in a container as it is: `node faulty-service.ts FAULT [HOST] [PORT]`. Prints its port; ends with its stdin.
 *
 *     none         nothing
 *     leak         keeps 512 KiB of every quarter second for ever
 *     descriptors  opens four descriptors a second and closes none
 *     spin         burns three quarters of a core for ever, once it has answered 400 requests
 *     sawtooth     healthy: takes 2 MiB every quarter second, and gives all of it back every five seconds
 *     slow         answers later the longer it runs: 5 ms a second
 *     dies         exits when it has answered 2,000 requests
 */
const [, , fault = "none", host = "127.0.0.1", port = "0"] = argv;
let startedMs = performance.now();
let answered = 0;
let isWarm = false;
let kept: Buffer[] = [];

const server = createServer((_, response) => {
  if (isWarm) answered++;
  if (fault === "spin" && answered === 400) setInterval(burn, 40);
  if (fault === "dies" && answered === 2000) process.exit(1);
  const lateMs = isWarm && fault === "slow" ? ((performance.now() - startedMs) * 5) / 1000 : 0;
  const answer = () => response.setHeader("Content-Type", "application/json").end('{"status":"ok"}');
  if (lateMs > 0) setTimeout(answer, lateMs);
  else answer();
});

function burn(): void {
  const untilMs = performance.now() + 30;
  while (performance.now() < untilMs);
}

let quarter = 0;
setInterval(() => {
  quarter++;
  if (fault === "leak") kept.push(Buffer.alloc(512 * 1024, 1));
  if (fault === "sawtooth") {
    kept.push(Buffer.alloc(2 * 2 ** 20, 1));
    // what is no longer referenced is given back at once: the sawtooth must not hang on when V8 likes to collect
    if (quarter % 20 === 0) {
      kept = [];
      (globalThis as { gc?: () => void }).gc?.();
    }
  }
  if (fault === "descriptors") openSync("/dev/null", "r");
}, 250);

server.listen(Number(port), host, async () => {
  const own = (server.address() as { port: number }).port;
  await warmUp(own);
  isWarm = true;
  startedMs = performance.now();
  console.log(own);
});

/** Node takes ten MiB more for its first thousands of requests and keeps them, which in a soak of a minute looks like a fault. */
async function warmUp(own: number): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  for (let i = 0; i < 4000; i++) {
    await new Promise<void>((resolve, reject) => {
      get({ host: "127.0.0.1", port: own, agent }, (response) => response.resume().on("end", resolve)).on("error", reject);
    });
  }
  agent.destroy();
}

// in a container there is nobody at the other end of stdin
if (host === "127.0.0.1") stdin.resume().on("end", () => process.exit());
