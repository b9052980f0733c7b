import { createServer } from "node:net";
import { expect, it } from "vitest";
import { countDescriptors, countSockets } from "./descriptors.ts";
import { TestProcess } from "./test-process.ts";

it("tells sockets from other descriptors", async () => {
  await using child = await TestProcess.start();
  const before = countDescriptors([child.pid], false);
  await child.order("open 20");
  const after = countDescriptors([child.pid], false);
  expect(after.fds).toBe((before.fds ?? 0) + 20);
  expect(after.sockets).toBe(before.sockets);

  const own = countSockets(process.pid) ?? 0;
  const server = createServer().listen(0);
  expect(countSockets(process.pid)).toBe(own + 1);
  await new Promise((resolve) => server.close(resolve));
});

it("looks at very many descriptors only when it is to be thorough", async () => {
  await using child = await TestProcess.start();
  await child.order("open 5000");
  const quick = countDescriptors([child.pid], false);
  expect(quick.fds).toBeGreaterThan(5_000);
  expect(quick.sockets).toBeNull();
  expect(countDescriptors([child.pid], true).sockets).toBeLessThan(100);
});

it("has no sum where one of the processes cannot be read", async () => {
  await using child = await TestProcess.start();
  const { pid } = child;
  await child.kill();
  expect(countDescriptors([process.pid, pid], true)).toEqual({ fds: null, sockets: null });
});
