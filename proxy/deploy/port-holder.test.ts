import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { findPortHolder, tryBind } from "./port-holder.ts";

async function listenElsewhere(host: string) {
  const script = `const s = require("node:net").createServer().listen(0, ${JSON.stringify(host)}, () => console.log(s.address().port))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [text] = await once(child.stdout, "data");
  return { pid: child.pid, port: Number(text) };
}

for (const host of ["127.0.0.1", "0.0.0.0", "::1", "::"]) {
  test(`names the process that listens on ${host}`, async () => {
    const { pid, port } = await listenElsewhere(host);
    const holder = findPortHolder(port);
    expect(holder?.pid).toBe(pid);
    expect(holder?.command).toContain("createServer");
  });
}

test("a port held on one address cannot be bound for all addresses", async () => {
  const { port } = await listenElsewhere("127.0.0.1");
  expect(await tryBind(port, "0.0.0.0")).toBe("EADDRINUSE");
  expect(await tryBind(port, "::")).toBe("EADDRINUSE");
});

test("trying a free port leaves it free", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  server.close();
  await once(server, "close");
  expect([await tryBind(port, "127.0.0.1"), await tryBind(port, "127.0.0.1")]).toEqual([null, null]);
  expect(findPortHolder(port)).toBeNull();
});
