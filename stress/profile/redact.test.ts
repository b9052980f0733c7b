import { describe, expect, test } from "vitest";
import { exampleProfile } from "../report/example-summary.ts";
import { redactCommand, redactCommandLine, redactProfile, redactUrl } from "./redact.ts";

describe("a query shows", () => {
  test.each([
    ["a small whole number", "cpuUs=20000"],
    ["zero and what is below", "from=0&to=-5"],
    ["yes and no", "fresh=true&gzip=False"],
    ["a name without a value", "verbose"],
    ["a number under a name that merely holds a short one", "shipping=3&inside=4&titan=5&bypass=1&compass=2"],
  ])("%s: %s", (_, query) => {
    expect(redactUrl(`/a?${query}`)).toBe(`/a?${query}`);
  });

  test.each([
    ["words", "q=shoes", "q=[redacted]"],
    ["nothing at all", "q=", "q=[redacted]"],
    ["a number long enough for a key", "n=1234567", "n=[redacted]"],
    ["a number with more behind it", "n=20;pin=1234", "n=[redacted]"],
    ["a password in one time", "otp=123456&n=2", "otp=[redacted]&n=2"],
    ["a PIN, however it is spelt", "PIN=1234&userPin=1234&pin_2=99", "PIN=[redacted]&userPin=[redacted]&pin_2=[redacted]"],
    [
      "the number of a session",
      "sid=42&PHPSESSID=42&session[id]=42",
      "sid=[redacted]&PHPSESSID=[redacted]&session[id]=[redacted]",
    ],
    ["an encoded name", "%74oken=42&to%6ben=1", "%74oken=[redacted]&to%6ben=[redacted]"],
    ["a name that is encoded wrongly", "%zz=42", "%zz=[redacted]"],
    ["codes and signatures", "code=1234&X-Sig=7&api_key=1", "code=[redacted]&X-Sig=[redacted]&api_key=[redacted]"],
  ])("not %s: %s", (_, query, shown) => {
    expect(redactUrl(`/a?${query}`)).toBe(`/a?${shown}`);
  });
});

test("a profile keeps what is sent apart, loses credentials, and can be redacted again", () => {
  const profile = exampleProfile();
  const [request] = profile.requests;
  if (request === undefined) throw new Error("no request");
  const shown = redactProfile({
    ...profile,
    requests: [
      {
        ...request,
        path: "/work?cpuUs=20&key=7",
        headers: [
          ["authorization ", "x"],
          ["Referer", "/?n=1&q=a"],
        ],
      },
    ],
  });
  expect(shown.requests[0]).toMatchObject({
    path: "/work?cpuUs=20&key=[redacted]",
    headers: [
      ["authorization ", "[redacted]"],
      ["Referer", "/?n=1&q=[redacted]"],
    ],
  });
  expect(shown.target.baseUrl).toBe("https://[redacted]@localhost:9443");
  expect(redactProfile(shown)).toEqual(shown);
});

test("headers that carry a key of whatever name, and bodies, are hidden in profile and command", () => {
  const profile = exampleProfile();
  const requests = profile.requests.map((request) => ({
    ...request,
    headers: [
      ["X-API-Key", "hunter2"],
      ["Accept", "text/plain"],
    ] as [string, string][],
    body: "password=hunter2",
  }));
  const [shown] = redactProfile({ ...profile, requests }).requests;
  expect(shown).toMatchObject({
    headers: [
      ["X-API-Key", "[redacted]"],
      ["Accept", "text/plain"],
    ],
    body: "password=[redacted]",
  });
  const argv = ["-H", "X-Api-Key: hunter2", "-d", '{"password":"hunter2"}', "--data=pass=hunter2", "--request"];
  const command = redactCommand([...argv, "POST /login weight=2 body=password=hunter2"]);
  expect(command).not.toContain("hunter2");
  expect(command).toContain("POST /login weight=2 body=");
  expect(redactCommandLine(command)).toBe(command);
  for (const argv of [["-d", "@login-keys.json"], ["--data=@token.json"], ["--sample", "auth=pid:7"]]) {
    expect(redactCommand(argv)).toBe(`stress ${argv.join(" ")}`);
  }
});

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
