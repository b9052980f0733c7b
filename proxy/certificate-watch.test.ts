import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeCertificates } from "./certificate.ts";
import { makeTestCertificate, startEdge, type TestCertificate, type TestEdge } from "./testing/edge.ts";
import { type RawUpstream, startUpstream } from "./testing/raw-upstream.ts";

let certificate: TestCertificate;
let upstream: RawUpstream;
let edge: TestEdge;

beforeEach(async () => {
  certificate = await makeTestCertificate();
  upstream = await startUpstream();
  edge = await startEdge(certificate, { UPSTREAM_URL: upstream.origin, EDGE_CERT_POLL_MS: "20" });
});
afterEach(async () => {
  await edge.drain();
  await upstream.close();
  certificate.remove();
});

async function servedSerial(): Promise<string | undefined> {
  const client = await edge.open();
  const serial = client.tls.getPeerX509Certificate()?.serialNumber;
  client.end();
  return serial;
}

test("renewed files are used by new connections within seconds; an open connection stays", async () => {
  const client = await edge.open();
  expect((await client.get("/")).status).toBe(200);
  const before = await servedSerial();
  await makeCertificates(certificate.dir, ["renewed.example"]);
  const renewed = new X509Certificate(readFileSync(certificate.certFile)).serialNumber;
  expect(renewed).not.toBe(before);
  await expect.poll(servedSerial, { timeout: 10_000 }).toBe(renewed);
  expect((await client.get("/")).status).toBe(200);
  expect(client.tls.getPeerX509Certificate()?.serialNumber).toBe(before);
  expect(edge.logged).toContainEqual(expect.objectContaining({ event: "certificate-renewed" }));
});

test("files that are renewed while the edge starts are used, too", async () => {
  await edge.drain();
  const env = { UPSTREAM_URL: upstream.origin, EDGE_CERT_POLL_MS: "20" };
  edge = await startEdge(certificate, env, () => makeCertificates(certificate.dir, ["renewed.example"]));
  const renewed = new X509Certificate(readFileSync(certificate.certFile)).serialNumber;
  await expect.poll(servedSerial, { timeout: 10_000 }).toBe(renewed);
});

test("a broken pair is refused with a log line, the old one stays, and a mended one is taken", async () => {
  const before = await servedSerial();
  const goodKey = readFileSync(certificate.keyFile, "utf8");
  writeFileSync(certificate.keyFile, "not a key");
  await expect
    .poll(() => edge.logged, { timeout: 10_000 })
    .toContainEqual(
      expect.objectContaining({
        event: "certificate-refused",
        problem: expect.stringContaining("holds no unencrypted PEM private key"),
      }),
    );
  expect(await servedSerial()).toBe(before);
  writeFileSync(certificate.keyFile, goodKey);
  await makeCertificates(certificate.dir, ["mended.example"]);
  const mended = new X509Certificate(readFileSync(certificate.certFile)).serialNumber;
  await expect.poll(servedSerial, { timeout: 10_000 }).toBe(mended);
});
