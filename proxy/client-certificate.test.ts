import { randomBytes, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "selfsigned";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTestCertificate, type TestCertificate } from "./testing/edge.ts";
import { useEdge } from "./testing/edge-case.ts";

const edge = useEdge();

interface ClientCertificate {
  readonly caFile: string;
  readonly cert: string;
  readonly key: string;
}

let ours: ClientCertificate;
let strangers: ClientCertificate;
const made: TestCertificate[] = [];

/** A client's certificate and the CA that signed it. */
async function makeClient(): Promise<ClientCertificate> {
  const ca = await makeTestCertificate();
  made.push(ca);
  const { cert, private: key } = await generate([{ name: "commonName", value: "client" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    ca: { cert: ca.ca, key: readFileSync(join(ca.dir, "ca-key.pem"), "utf8") },
    extensions: [{ name: "extKeyUsage", clientAuth: true }],
  });
  return { caFile: ca.caFile, cert, key };
}

beforeAll(async () => {
  ours = await makeClient();
  strangers = await makeClient();
});
afterAll(() => {
  for (const { remove } of made) remove();
});

const pair = ({ cert, key }: ClientCertificate) => ({ cert, key });
const der = ({ cert }: ClientCertificate) => new X509Certificate(cert).raw.toString("base64");
const toldUpstream = () => edge.sentHeaders.filter((line) => line.startsWith("client-cert"));
const request = "GET / HTTP/1.1\r\nHost: edge.test\r\nClient-Cert: :bWFkZSB1cA==:\r\n\r\n";

/** Status of a request with that certificate, 0 when the connection ends instead of an answer. */
async function ask(certificate: ClientCertificate | null, maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<number> {
  try {
    const client = await edge.openWith({ maxVersion, ...(certificate === null ? {} : pair(certificate)) });
    return (await client.request(request)).status;
  } catch {
    return 0;
  }
}

test.each(["TLSv1.2", "TLSv1.3"] as const)("required, %s: only a certificate of the CA opens a connection", async (version) => {
  await edge.restart({ EDGE_CLIENT_CA_FILE: ours.caFile });
  expect([await ask(null, version), await ask(strangers, version), edge.upstream.connections]).toEqual([0, 0, 0]);
  expect(await ask(ours, version)).toBe(200);
  expect(toldUpstream()).toEqual([`client-cert: :${der(ours)}:`]);
});

test("optional: others are let in, and the upstream is told of verified certificates alone", async () => {
  await edge.restart({ EDGE_CLIENT_CA_FILE: ours.caFile, EDGE_CLIENT_CERT: "optional" });
  for (const certificate of [null, strangers]) {
    expect(await ask(certificate, "TLSv1.3")).toBe(200);
    expect(toldUpstream()).toEqual([]);
  }
  expect(await ask(ours, "TLSv1.3")).toBe(200);
  expect(toldUpstream()).toEqual([`client-cert: :${der(ours)}:`]);
});

test("a resumed session is as good as the certificate it began with", async () => {
  await edge.restart({ EDGE_CLIENT_CA_FILE: ours.caFile });
  const first = await edge.openWith(pair(ours));
  const session = new Promise<Buffer>((resolve) => first.tls.once("session", resolve));
  expect((await first.request(request)).status).toBe(200);
  const second = await edge.openWith({ ...pair(ours), session: await session });
  expect(second.tls.isSessionReused()).toBe(true);
  expect((await second.request(request)).status).toBe(200);
  expect(toldUpstream()).toEqual([`client-cert: :${der(ours)}:`]);
});

test.each(["TLSv1.2", "TLSv1.3"] as const)("%s: a session that began under another CA is not resumed", async (maxVersion) => {
  // As across a reload: a file of the same name, and the same ticket key.
  const caFile = join(edge.certificate.dir, "clients.pem");
  writeFileSync(caFile, readFileSync(ours.caFile));
  const ticketKey = randomBytes(48);
  const settings = { EDGE_CLIENT_CA_FILE: caFile, EDGE_CLIENT_CERT: "optional" };
  await edge.restart(settings, ticketKey);
  const first = await edge.openWith({ ...pair(ours), maxVersion });
  // That of TLS 1.3 comes with the first bytes.
  expect((await first.request(request)).status).toBe(200);
  const again = { ...pair(ours), maxVersion, session: first.tls.getSession() };
  await edge.restart(settings, ticketKey);
  expect((await edge.openWith(again)).tls.isSessionReused()).toBe(true);
  writeFileSync(caFile, readFileSync(strangers.caFile));
  await edge.restart(settings, ticketKey);
  const later = await edge.openWith(again);
  expect([later.tls.isSessionReused(), (await later.request(request)).status]).toEqual([false, 200]);
  expect(toldUpstream()).toEqual([]);
});

test("a session of a client that needed no certificate is not resumed when all need one", async () => {
  const ticketKey = randomBytes(48);
  await edge.restart({ EDGE_CLIENT_CA_FILE: ours.caFile, EDGE_CLIENT_CERT: "optional" }, ticketKey);
  const first = await edge.openWith({});
  const session = new Promise<Buffer>((resolve) => first.tls.once("session", resolve));
  expect((await first.request(request)).status).toBe(200);
  await edge.restart({ EDGE_CLIENT_CA_FILE: ours.caFile }, ticketKey);
  const later = edge.openWith({ session: await session }).then((client) => client.request(request));
  await expect(later).rejects.toThrow();
});

test("without the setting nobody is asked for a certificate", async () => {
  expect(await ask(ours, "TLSv1.3")).toBe(200);
  expect(toldUpstream()).toEqual([]);
});
