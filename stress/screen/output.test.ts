import { PassThrough, Writable } from "node:stream";
import { expect, test } from "vitest";
import { survivingOutput } from "./output.ts";

const failing = (code: string) =>
  new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: no more`), { code })) });

test("a reader that leaves is survived in silence; a full disk behind the stream is told, once", async () => {
  for (const [code, told] of [
    ["EPIPE", ""],
    ["ENOSPC", "stress: cannot print any more: ENOSPC: no more\n"],
  ] as const) {
    let complaints = "";
    const listener = new Writable({
      decodeStrings: false,
      write: (text, _, done) => {
        complaints += text;
        done();
      },
    });
    const output = survivingOutput(failing(code), listener);
    output.print("a");
    await expect.poll(() => output.gone).toBe(true);
    output.print("b");
    await output.flush();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(complaints).toBe(told);
  }
});

test("a stream has one output, however many ask for it: a series of runs adds no listeners", () => {
  const stream = new PassThrough();
  for (let run = 0; run < 20; run++) survivingOutput(stream);
  expect(stream.listenerCount("error")).toBe(1);
  expect(survivingOutput(stream)).toBe(survivingOutput(stream));
});
