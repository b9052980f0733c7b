import { X509Certificate } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { generate } from "selfsigned";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkCertificate, loadCertificate, makeCertificates } from "./certificate.ts";

const root = mkdtempSync(join(tmpdir(), "plimsoll-certificate-"));
const original = join(root, "original");
let copies = 0;

beforeAll(async () => {
  await makeCertificates(original);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A deployment's own copy of one set, so that every test may spoil it. */
function copy() {
  const dir = join(root, `copy-${copies++}`);
  cpSync(original, dir, { recursive: true });
  const file = (name: string) => join(dir, name);
  return { dir, ca: file("ca.pem"), caKey: file("ca-key.pem"), cert: file("server.pem"), key: file("server-key.pem") };
}

const read = (file: string) => readFileSync(file, "utf8");
const mode = (file: string) => statSync(file).mode & 0o777;

/** Replaces the leaf by one of the same names that ends in `days`. */
async function replaceLeaf(files: ReturnType<typeof copy>, days: number): Promise<void> {
  const leaf = await generate([{ name: "commonName", value: "short" }], {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: new Date(Date.now() - 10 * 86_400_000),
    notAfterDate: new Date(Date.now() + days * 86_400_000),
    ca: { cert: read(files.ca), key: read(files.caKey) },
    extensions: [
      {
        name: "subjectAltName",
        altNames: (new X509Certificate(read(files.cert)).subjectAltName ?? "").split(", ").map((entry) => {
          const [type, value = ""] = entry.split(/:(.*)/s);
          return type === "DNS" ? { type: 2, value } : { type: 7, ip: value };
        }),
      },
    ],
  });
  writeFileSync(files.cert, leaf.cert);
  writeFileSync(files.key, leaf.private);
}

test("keys are readable by their owner alone", () => {
  const files = copy();
  expect([mode(original), mode(join(original, "ca-key.pem")), mode(join(original, "server-key.pem"))]).toEqual([
    0o700, 0o600, 0o600,
  ]);
  expect(read(files.key)).toContain("BEGIN PRIVATE KEY");
});

test("a client that trusts the CA connects by localhost, 127.0.0.1 and ::1, over TLS 1.3 with ECDSA P-256", async () => {
  const { cert, key } = loadCertificate(join(original, "server.pem"), join(original, "server-key.pem"));
  const server = createServer({ cert, key }, (socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  for (const name of ["localhost", "127.0.0.1", "::1"]) {
    const options = {
      port,
      host: "127.0.0.1",
      ca: read(join(original, "ca.pem")),
      ...(name === "localhost" ? { servername: name } : {}),
    };
    const socket = await new Promise<TLSSocket>((resolve, reject) => {
      const opened = connect(options, () => resolve(opened)).on("error", reject);
    });
    expect(socket.authorized).toBe(true);
    expect(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
    if (name !== "localhost") expect(socket.getPeerX509Certificate()?.checkIP(name)).toBe(name);
    socket.destroy();
  }
  await new Promise((resolve) => server.close(resolve));
});

test("a second run keeps everything", async () => {
  const files = copy();
  await makeCertificates(files.dir);
  for (const name of ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem"]) {
    expect(read(join(files.dir, name))).toBe(read(join(original, name)));
  }
});

test("a new name renews the certificate under the same CA", async () => {
  const files = copy();
  await makeCertificates(files.dir, ["edge.example", "192.0.2.1"]);
  const leaf = new X509Certificate(read(files.cert));
  expect([leaf.checkHost("edge.example"), leaf.checkIP("192.0.2.1"), leaf.checkHost("localhost")]).toEqual([
    "edge.example",
    "192.0.2.1",
    "localhost",
  ]);
  expect(read(files.ca)).toBe(read(join(original, "ca.pem")));
  expect(leaf.verify(new X509Certificate(read(files.ca)).publicKey)).toBe(true);
});

test.each([
  [29, true],
  [31, false],
])("a certificate that expires in %i days is renewed: %s", async (days, renewed) => {
  const files = copy();
  await replaceLeaf(files, days);
  const before = read(files.cert);
  await makeCertificates(files.dir);
  expect(read(files.cert) !== before).toBe(renewed);
  expect(read(files.ca)).toBe(read(join(original, "ca.pem")));
});

test.each(["server-key.pem", "server.pem"])("%s from another set is replaced with its partner", async (name) => {
  const files = copy();
  const other = join(root, `other-${name}`);
  await makeCertificates(other);
  cpSync(join(other, name), join(files.dir, name));
  await makeCertificates(files.dir);
  expect(checkCertificate(files.cert, files.key)).toBeNull();
  expect(new X509Certificate(read(files.cert)).verify(new X509Certificate(read(files.ca)).publicKey)).toBe(true);
});

test("without the CA's key a valid certificate stays; once it must be renewed a new CA comes with it", async () => {
  const files = copy();
  rmSync(files.caKey);
  await makeCertificates(files.dir);
  expect(read(files.cert)).toBe(read(join(original, "server.pem")));
  await makeCertificates(files.dir, ["edge.example"]);
  expect(read(files.ca)).not.toBe(read(join(original, "ca.pem")));
  expect(new X509Certificate(read(files.cert)).verify(new X509Certificate(read(files.ca)).publicKey)).toBe(true);
});

test("checkCertificate names what is wrong in one line", async () => {
  const good = copy();
  const broken = copy();
  writeFileSync(broken.cert, "not a certificate");
  const expired = copy();
  await replaceLeaf(expired, -1);
  const other = join(root, "other");
  await makeCertificates(other);

  expect(checkCertificate(good.cert, good.key)).toBeNull();
  expect(checkCertificate(join(root, "none.pem"), good.key)).toBe(`cannot read ${join(root, "none.pem")}: ENOENT`);
  expect(checkCertificate(broken.cert, good.key)).toMatch(/^the certificate file holds no PEM certificate \(/);
  expect(checkCertificate(good.cert, good.cert)).toMatch(/^the key file holds no unencrypted PEM private key \(/);
  expect(checkCertificate(good.cert, join(other, "server-key.pem"))).toMatch(/^the key does not belong to the certificate \(/);
  expect(checkCertificate(expired.cert, expired.key)).toMatch(/^the certificate expired at \d{4}-.* \(/);
});
