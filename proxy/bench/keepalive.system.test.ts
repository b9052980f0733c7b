import { describe, expect, test } from "vitest";
import { ScratchDeployment } from "../deploy/scratch-deployment.ts";
import { engineOrReason } from "../testing/containers.ts";
import { comparePool } from "./keepalive-comparison.ts";

const engine = await engineOrReason();
const reason = typeof engine === "string" ? `: ${engine}` : "";

describe.skipIf(typeof engine === "string")(`the upstream pool${reason}`, () => {
  test("without it the same load opens a connection for each request, leaves its port waiting, and takes more CPU", async () => {
    if (typeof engine === "string") return;
    await using own = await ScratchDeployment.create();
    const [on, off] = await comparePool(own, engine, "nginx", ["-n", "3000", "-c", "10"]);
    if (!on || !off) throw new Error("not measured");
    expect([on.requests, on.errors, off.requests, off.errors]).toEqual([3000, 0, 3000, 0]);
    // as many as there are users, for each of nginx' workers; a health check may fall into it
    expect(on.connectionsOpened).toBeLessThan(60);
    expect(off.connectionsOpened).toBeGreaterThanOrEqual(3000);
    expect(off.connectionsOpened).toBeLessThan(3060);
    expect(on.timeWait.edge + on.timeWait.upstream).toBeLessThan(200);
    expect(off.timeWait.edge + off.timeWait.upstream).toBeGreaterThan(2500);
    const total = ({ edge, upstream }: { edge: number; upstream: number }) => edge + upstream;
    expect(total(off.cpuUsPerRequest)).toBeGreaterThan(total(on.cpuUsPerRequest));
  });
});
