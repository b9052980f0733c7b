import { type Command, Option } from "commander";
import type { ClassFlags } from "./class-flags.ts";
import { addStreamFlags, type StreamFlags } from "./stream-flags.ts";

/** Flags as commander hands them over; every one optional, none checked yet. */
export interface LoadFlags extends StreamFlags, ClassFlags {
  stage?: string[];
  vus?: string;
  duration?: string;
  rate?: string;
  requests?: string;
  maxVus?: string;
  arrivals?: "constant" | "poisson";
  seed?: string;
  whenBusy?: "wait" | "drop";
  think?: string;
  path?: string;
  method?: string;
  header?: string[];
  data?: string;
  contentType?: string;
  request?: string[];
  sequence?: boolean;
  check?: string[];
  threshold?: string[];
  abortOn?: string[];
  timeout?: string;
  apdex?: string;
  perConnection?: string;
  resumption?: boolean;
  workers?: string;
  quick?: boolean;
}

const collect = (value: string, previous: string[] = []) => [...previous, value];

/** Adds the flags that every load has. */
export function addLoadFlags(command: Command): Command {
  command
    .optionsGroup("Load:")
    .option("--quick", "the default profile's shape in 20 s")
    .option("--stage <stage>", "ramp to USERS or RATE/s within DURATION: 30s:50, 1m:500/s (repeatable)", collect)
    .option("-c, --vus <users>", "users, or connections opened beforehand for a rate")
    .option("--duration <time>", "how long to hold --vus or --rate: 30s, 5m, 1h30m")
    .option("-n, --requests <number>", "a fixed number of requests instead of a duration")
    .option("--rate <rate>", "open model: arrivals a second, whatever the target does: 500/s, 30k/m")
    .option("--max-vus <number>", "open model: most connections that may be open")
    .addOption(new Option("--arrivals <kind>", "open model: spacing of arrivals").choices(["constant", "poisson"]))
    .option("--seed <number>", "open model: seed of poisson arrivals")
    .addOption(new Option("--when-busy <what>", "open model: an arrival that finds no free connection").choices(["wait", "drop"]))
    .option("--think <time>", "pause of a user between requests: 1s, or a range 500ms-2s")
    .option("--spawn-rate <rate>", "users come one by one, so many a second, until there are --vus: 200/s")
    .option(
      "--class <class>",
      "class of users 'NAME weight=5 think=1s-3s'; requests name it by class=NAME (repeatable)",
      collect,
    );
  return addRequestFlags(addStreamFlags(command));
}

/** The flags for what is sent, what must hold, and from what: without those for how much. */
export function addRequestFlags(command: Command): Command {
  return command
    .optionsGroup("Requests ({{uuid}}, {{counter}}, {{timestamp}} and {{random}} are filled in):")
    .option("--path <path>", "what to request (default /health)")
    .option("-m, --method <method>", "request method (default GET, or POST with -d)")
    .option("-H, --header <header>", "request header 'Name: value' (repeatable)", collect)
    .option("-d, --data <body>", "request body, or @FILE")
    .option("-T, --content-type <type>", "content type of the body")
    .option("--request <request>", "one of several: 'GET /users/7 weight=3 route=/users/{id}' (repeatable)", collect)
    .option("--sequence", "each user walks the requests in order instead of drawing by weight")
    .option(
      "--check <check>",
      "'status 200', 'body TEXT', 'header NAME TEXT', 'json PATH VALUE', 'graceful' (repeatable)",
      collect,
    )
    .optionsGroup("Objectives:")
    .option("--threshold <rule>", "'http_req_failed: rate<0.01' or 'p(95)<250'; replaces the defaults (repeatable)", collect)
    .option("--abort-on <rule>", "'http_req_failed: rate>0.5 for 30s' (repeatable)", collect)
    .option("--timeout <time>", "longest a request may take (default 30s)")
    .option("--apdex <time>", "APDEX target T (default 500ms)")
    .optionsGroup("Connections and threads:")
    .option("--per-connection <number>", "requests a connection carries before it is opened anew")
    .option("--resumption", "offer the last TLS session when a connection is opened again")
    .option("--workers <number>", "worker threads (default: one up to two cores, then cores less one)");
}
