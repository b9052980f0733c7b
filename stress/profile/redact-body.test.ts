import { describe, expect, test } from "vitest";
import { redactBody } from "./redact-body.ts";

describe("a body shows", () => {
  test.each([
    ['{"n":1,"text":"no password here"}'],
    ["a=1&b=hello"],
    ["plain words"],
    [""],
    ["100 %"],
    ["@tokens.json"],
    ['{"nested":{"list":["pin"]}}'],
    ['{"id":{{counter}},"at":"{{timestamp}}"}'],
    ["<order><sku>7</sku></order>"],
  ])("what is no secret: %s", (body) => {
    expect(redactBody(body)).toBe(body);
  });

  test.each([
    ['{"user":{"passWord" : "x","n":1}}', '{"user":{"passWord" : [redacted],"n":1}}'],
    ["user=a&api_key=7&n=2", "user=a&api_key=[redacted]&n=2"],
    ["q=hello\npassword=hunter2", "q=hello\npassword=[redacted]"],
    ['{"to%6ben":"a \\" b","n":1}', '{"to%6ben":[redacted],"n":1}'],
    ['{"pin":4821,"n":2}', '{"pin":[redacted],"n":2}'],
    ["user[password]=x&user[name]=y", "user[password]=[redacted]&user[name]=y"],
    [
      '{"query":"mutation { login(user: \\"bob\\", password: \\"hunter2\\") { id } }"}',
      '{"query":"mutation { login(user: \\"bob\\", password: [redacted]) { id } }"}',
    ],
    ['{"credentials":{"user":"a]}"},"keys":[[1],"}"],"limit":100}', '{"credentials":[redacted],"keys":[redacted],"limit":100}'],
    ['{"key":{"unfinished', '{"key":[redacted]'],
    ["user=bob&password=hun,ter2&n=1", "user=bob&password=[redacted]&n=1"],
    ["password=p@ss;wo)rd1", "password=[redacted]"],
    ["pin=12,34", "pin=[redacted]"],
    ["pin: 12,34", "pin: [redacted]"],
    ["Authorization: Bearer eyJhbGci\nn: 1", "Authorization: [redacted]\nn: 1"],
    ["login(password: $word, user: $user)", "login(password: [redacted], user: $user)"],
    ["token 1234", "[redacted]"],
    ["<login><password>hunter2</password></login>", "[redacted]"],
    ['--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter2', "[redacted]"],
  ])("no secret: %s", (body, shown) => {
    expect(redactBody(body)).toBe(shown);
    expect(redactBody(shown)).toBe(shown);
  });

  test("a long word or a deep object without taking time that grows with its square", () => {
    const long = "a".repeat(1_000_000);
    expect(redactBody(long)).toBe(long);
    const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    expect(redactBody(deep)).toBe(deep);
    expect(redactBody(`{"passphrase":"${"\\\\".repeat(5_000_000)}"}`)).toBe('{"passphrase":[redacted]}');
  });
});
