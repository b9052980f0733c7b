import { describe, expect, test } from "vitest";
import { redactCommand, redactCommandLine } from "./redact.ts";

describe("a command line read back", () => {
  test.each([
    [["throughput", "--quick"]],
    [["throughput", "--path", "/a?token=secret&b", "-H", "Authorization: Bearer secret", "--out", "a file's.json"]],
    [["throughput", "--header=Cookie: a=secret", "--threshold", "http_req_duration{route:/a}: p(95)<250"]],
    [["throughput", "--base-url", "https://user:secret@host/", "-d", ""]],
    [["throughput", "-H", "X: '\\''", "--check", "body \"status\" 'x'"]],
  ])("is the same: %j", (argv) => {
    const command = redactCommand(argv);
    expect(command).not.toContain("secret");
    expect(redactCommandLine(command)).toBe(command);
  });

  test.each([
    ["stress throughput --path /a?token=secret", "stress throughput --path '/a?token=[redacted]'"],
    ["stress throughput -H 'Authorization: Bearer secret' --quick", "stress throughput -H 'Authorization: [redacted]' --quick"],
    ["stress throughput --base-url https://user:secret@host", "stress throughput --base-url 'https://[redacted]@host'"],
    ["stress throughput 'unfinished", "stress throughput unfinished"],
    ["", "stress"],
  ])("loses its secrets: %s", (text, shown) => {
    expect(redactCommandLine(text)).toBe(shown);
  });
});
