import type { Command } from "commander";
import type { Load, RequestSpec, Stage } from "../profile/profile.ts";
import { hasDueTimes, type StreamSpec } from "../profile/stream.ts";
import { parseCount, parseDuration } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";

/** Flags of streams, and those of other loads that make no sense with them. */
export interface StreamFlags {
  sse?: boolean;
  ws?: boolean;
  ramp?: string;
  silence?: string;
  reconnect?: string;
  eventInterval?: string;
  messageInterval?: string;
  messageBytes?: string;
  path?: string;
  method?: string;
  data?: string;
  request?: string[];
  check?: string[];
  think?: string;
  perConnection?: string;
}

const defaultSilence = "10s";
const defaultReconnect = "1s";
const defaultMessageInterval = "1s";
const defaultMessageBytes = "64";
/** Without a ramp of the user's, so many streams are opened a second: a thousand handshakes at once measure nothing but themselves. */
const openedPerSecond = 200;

export function addStreamFlags(command: Command): Command {
  return command
    .optionsGroup("Streams (each user holds one):")
    .option("--sse", "server-sent events in place of requests that end (default path /events)")
    .option("--ws", "WebSockets whose server echoes in place of requests that end (default path /ws)")
    .option("--ramp <time>", `rise to --vus within this time (default ${openedPerSecond} streams a second)`)
    .option("--silence <time>", `longest without an event, or an echo, before a stream has failed (default ${defaultSilence})`)
    .option("--reconnect <time>", `pause before a lost stream is asked for again (default ${defaultReconnect}, or the server's)`)
    .option("--event-interval <time>", "the interval that the server promises: tells how late events are")
    .option("--message-interval <time>", `between a socket's messages, 0s for at once (default ${defaultMessageInterval})`)
    .option("--message-bytes <number>", `length of a message (default ${defaultMessageBytes})`);
}

/** What is held, or undefined where requests are sent that end. @throws UsageError */
export function streamFrom(flags: StreamFlags): StreamSpec | undefined {
  const { sse, ws } = flags;
  if (sse && ws) throw new UsageError("--sse and --ws contradict each other: give one of them");
  refuse(flags, sse === true, ws === true);
  if (!sse && !ws) return undefined;
  const reconnectMs = parseDuration(flags.reconnect ?? defaultReconnect, { what: "--reconnect", allowZero: true });
  const common = { silenceMs: parseDuration(flags.silence ?? defaultSilence, { what: "--silence" }), reconnectMs };
  const spec: StreamSpec = sse
    ? {
        kind: "sse",
        ...common,
        intervalMs: flags.eventInterval === undefined ? null : parseDuration(flags.eventInterval, { what: "--event-interval" }),
      }
    : {
        kind: "ws",
        ...common,
        intervalMs: parseDuration(flags.messageInterval ?? defaultMessageInterval, {
          what: "--message-interval",
          allowZero: true,
        }),
        bytes: parseCount(flags.messageBytes ?? defaultMessageBytes, { what: "--message-bytes" }),
      };
  if (spec.kind === "ws" && spec.bytes < 10) {
    throw new UsageError(`--message-bytes ${spec.bytes}: a message holds its number, which takes 10`);
  }
  if (spec.kind === "sse" && spec.intervalMs !== null && spec.silenceMs <= spec.intervalMs) {
    throw new UsageError(
      `--silence ${flags.silence ?? defaultSilence} is no longer than --event-interval ${flags.eventInterval}: every stream would fail`,
    );
  }
  return spec;
}

function refuse(flags: StreamFlags, isSse: boolean, isWs: boolean): void {
  const only = (flag: string, value: unknown, holds: boolean, needs: string) => {
    if (value !== undefined && !holds) throw new UsageError(`${flag} needs ${needs}`);
  };
  only("--ramp", flags.ramp, isSse || isWs, "--sse or --ws; other loads ramp by --stage");
  only("--silence", flags.silence, isSse || isWs, "--sse or --ws");
  only("--reconnect", flags.reconnect, isSse || isWs, "--sse or --ws");
  only("--event-interval", flags.eventInterval, isSse, "--sse");
  only("--message-interval", flags.messageInterval, isWs, "--ws");
  only("--message-bytes", flags.messageBytes, isWs, "--ws");
  if (!isSse && !isWs) return;
  const never: [string, unknown, string][] = [
    ["--think", flags.think, "a stream is held without pauses"],
    ["--per-connection", flags.perConnection, "each stream has a connection of its own"],
    ["--check", flags.check, "a stream has no whole response to check; its status and framing always are"],
    ["--request", flags.request, "one request asks for every stream: give its --path"],
  ];
  if (isWs) {
    never.push(
      ["-m", flags.method, "a WebSocket is asked for by GET"],
      ["-d", flags.data, "its messages are --message-bytes long"],
    );
  }
  const given = never.find(([, value]) => value !== undefined);
  if (given !== undefined) throw new UsageError(`${given[0]} contradicts ${isSse ? "--sse" : "--ws"}: ${given[2]}`);
}

/** The path where none is given: our backend's. */
export function streamPath(spec: StreamSpec): string {
  if (spec.kind === "ws") return "/ws";
  return spec.intervalMs === null ? "/events" : `/events?intervalMs=${Math.round(spec.intervalMs)}`;
}

/** The request as a client of streams sends it. */
export function asStreamRequest(request: RequestSpec, spec: StreamSpec): RequestSpec {
  const accepts = request.headers.some(([name]) => name.toLowerCase() === "accept");
  return spec.kind === "ws" || accepts ? request : { ...request, headers: [["Accept", "text/event-stream"], ...request.headers] };
}

/** Streams are held by users: only they can be. A level that is held from the start is risen to. @throws UsageError */
export function asStreamLoad(load: Load, ramp: string | undefined, isStaged: boolean): Load {
  if (load.model !== "closed") {
    throw new UsageError(
      "streams are held by users, not sent at a rate or in a number: give --vus and --duration, or --stage 30s:1000",
    );
  }
  if (isStaged) {
    if (ramp !== undefined) throw new UsageError("--ramp contradicts --stage: each stage says how long it takes");
    return load;
  }
  const [first] = load.stages as [Stage, ...Stage[]];
  if (first.from === 0) return load;
  const shortestMs = first.from > openedPerSecond ? (first.from * 1000) / openedPerSecond : 0;
  const rampMs = ramp === undefined ? shortestMs : parseDuration(ramp, { what: "--ramp", allowZero: true });
  return rampMs === 0 ? load : { ...load, stages: [{ durationMs: rampMs, from: 0, to: first.from }, ...load.stages] };
}

/** What a rule without a metric is about. */
export function judgedStreamTime(spec: StreamSpec): string {
  if (spec.kind === "sse") return hasDueTimes(spec) ? "sse_event_lateness" : "sse_time_to_first_event";
  return hasDueTimes(spec) ? "ws_response_time" : "ws_round_trip";
}
