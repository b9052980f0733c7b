import { expect, test } from "vitest";
import { exampleProfile } from "../report/example-summary.ts";
import { describeTarget } from "./target.ts";

function target(baseUrl: string, path: string, method = "GET"): string {
  const profile = exampleProfile();
  const requests = profile.requests.map((request) => ({ ...request, path, method }));
  return describeTarget({ ...profile, target: { ...profile.target, baseUrl }, requests });
}

test("neither credentials nor the values of a query are shown", () => {
  const text = target("https://user:hunter2@edge.example:9443", "/health?token=hunter2&a=1#hunter2");
  expect(text).toBe("https://edge.example:9443/health?…");
});

test.each([
  ["https://edge.example", "/health", "GET", "https://edge.example/health"],
  ["https://edge.example/base/", "/health", "GET", "https://edge.example/base/health"],
  ["https://[::1]:9443", "/echo", "POST", "POST https://[::1]:9443/echo"],
  ["https://[redacted]@edge.example", "/health?t=[redacted]", "GET", "https://edge.example/health?…"],
])("%s and %s", (baseUrl, path, method, text) => {
  expect(target(baseUrl, path, method)).toBe(text);
});

test("several requests are counted, not listed", () => {
  const profile = exampleProfile();
  const [request] = profile.requests;
  if (request === undefined) throw new Error("the example has a request");
  expect(describeTarget({ ...profile, requests: [request, request, request] })).toBe("https://localhost:9443 · 3 routes");
});
