import { expect, test } from "vitest";
import { parseWrk } from "./wrk.ts";

const output = (tail = "") => `Running 2s test @ https://127.0.0.1:1/health
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     9.41ms    2.67ms  45.65ms   92.59%
    Req/Sec     5.40k   561.19     6.06k    80.00%
  Latency Distribution
     50%    8.84ms
     99%   21.51ms
  10796 requests in 2.01s, 3.60MB read
${tail}Requests/sec:   5379.21
`;

test("requests, rate and p99 are read from wrk's output, whatever their units", () => {
  const { requests, rps, p99Ms } = parseWrk(output());
  expect([requests, Math.round(rps), p99Ms]).toEqual([10_796, 5_371, 21.51]);
  expect(parseWrk(output().replace("21.51ms", "950.00us")).p99Ms).toBeCloseTo(0.95);
  expect(parseWrk(output().replace("in 2.01s", "in 1.00m")).rps).toBeCloseTo(179.93, 1);
});

test.each(["  Non-2xx or 3xx responses: 3\n", "  Socket errors: connect 0, read 7, write 0, timeout 0\n"])(
  "a run with failed answers does not count: %s",
  (tail) => expect(() => parseWrk(output(tail))).toThrow(tail.trim()),
);
