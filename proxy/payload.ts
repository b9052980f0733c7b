import type { FastifyReply } from "fastify";

const chunkBytes = 64 * 1024;
/** The one buffer that every payload is cut from: sizes cost no memory. */
const chunk = Buffer.alloc(chunkBytes, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n");

/** Sends exactly `bytes` bytes: up to 64 KiB in one write, more in chunks at the pace the peer reads them. */
export function sendPayload(reply: FastifyReply, bytes: number): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, ["content-type", "application/octet-stream", "content-length", String(bytes)]);
  if (bytes <= chunkBytes || reply.request.method === "HEAD") {
    raw.end(chunk.subarray(0, Math.min(bytes, chunkBytes)));
    return;
  }
  let left = bytes;
  const pump = () => {
    while (left > chunkBytes) {
      left -= chunkBytes;
      if (!raw.write(chunk)) return;
    }
    raw.off("drain", pump);
    raw.end(chunk.subarray(0, left));
  };
  raw.on("drain", pump);
  pump();
}
