import { expect, it } from "vitest";
import { UsageError } from "../profile/usage-error.ts";
import { parseSamples } from "./sample-option.ts";
import { TestProcess } from "./test-process.ts";

it("samples the processes that it is given, under the names it is given", async () => {
  await using child = await TestProcess.start();
  const services = await parseSamples([`proxy=pid:${child.pid}`, ` back-end.1=pid:${process.pid} `]);
  expect(services).toMatchObject([
    { name: "proxy", limits: { cpus: null, memoryBytes: null, enforced: false }, source: { kind: "process" } },
    { name: "back-end.1" },
  ]);
  const proxy = services[0]?.source;
  expect((await proxy?.read({ pss: false }))?.rssBytes).toBeGreaterThan(0);
  await child.kill();
  expect(await proxy?.read({ pss: false })).toBeNull();
});

it.each([
  [
    "",
    "is not a service to sample: accepted is NAME=pid:PID, NAME=docker:CONTAINER or NAME=https://HOST:PORT/NAME, such as proxy=pid:123",
    "nothing",
  ],
  ["proxy", "is not a service to sample", "a name alone"],
  ["proxy=123", "is not a service to sample", "no kind of source"],
  ["=pid:123", "is not a service to sample", "no name"],
  ["proxy=pid:", "is not a service to sample", "no pid"],
  ["my proxy=pid:1", "is not a service to sample", "a space in the name"],
  ["edge=podman:plimsoll-edge-1", 'has the source "podman": accepted is NAME=pid:PID', "an unknown source"],
  ["edge=docker:", "is not a service to sample", "no container"],
  ["edge=docker:../images/x", '"../images/x" is not the name of a container', "a path in place of a container's name"],
  ["edge=http://host/edge", 'has the source "http": accepted is NAME=pid:PID', "a sampler without TLS"],
  ["edge=https://host/", "a sampler elsewhere is given as https://HOST:PORT/NAME", "a sampler without a service"],
  ["edge=https:host/edge", "a sampler elsewhere is given as https://HOST:PORT/NAME", "a URL without slashes"],
  ["edge=https://host/a/b", "a sampler elsewhere is given as https://HOST:PORT/NAME", "a path of two parts"],
  [
    "edge=https://me:secret@host/edge",
    '--sample "edge=https://[redacted]@host/edge": a sampler elsewhere',
    "a password, which is not repeated",
  ],
  ["edge=https://host/edge", "give --sample-token-file, a copy of the sampler's token file", "no token"],
  ["proxy=pid:abc", 'has the pid "abc"', "letters"],
  ["proxy=pid:-1", 'has the pid "-1"', "a negative pid"],
  ["proxy=pid:0", 'has the pid "0"', "zero, which is every process of the group"],
  ["proxy=pid:1.5", 'has the pid "1.5"', "a fraction"],
  [`proxy=pid:${2 ** 22 + 1}`, "no process runs under pid 4194305", "a pid that nobody has"],
])("refuses %j with %j: %s", async (text, message) => {
  await expect(parseSamples([text])).rejects.toThrow(UsageError);
  await expect(parseSamples([text])).rejects.toThrow(message);
});

it("refuses a name given twice, whose figures would be mixed", async () => {
  const twice = parseSamples([`a=pid:${process.pid}`, `a=pid:${process.pid}`]);
  await expect(twice).rejects.toThrow('--sample gives the name "a" twice');
});

it("refuses the name of a service that is deployed, before it looks for what runs there", async () => {
  const deployed = await parseSamples([`backend=pid:${process.pid}`]);
  const both = parseSamples(["backend=docker:nobody"], { deployed });
  await expect(both).rejects.toThrow('--sample gives the name "backend", which a service of the deployment has');
});
