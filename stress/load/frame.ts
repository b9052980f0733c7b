import { randomFillSync } from "node:crypto";

/** RFC 6455 §5.2. */
export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Largest payload of a control frame (RFC 6455 §5.5). */
export const maxControlBytes = 125;

/** RFC 6455 §10.3: masks are not to be foreseen. Drawn in bulk, since a call costs more than its four bytes. */
const masks = Buffer.alloc(4096);
let nextMask = masks.length;

function mask(): Buffer {
  if (nextMask === masks.length) {
    randomFillSync(masks);
    nextMask = 0;
  }
  nextMask += 4;
  return masks.subarray(nextMask - 4, nextMask);
}

/** A whole message in one frame, masked as a client must (RFC 6455 §5.3). */
export function frame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const bytes = Buffer.allocUnsafe(6 + extra + length);
  bytes[0] = 0x80 | opcode;
  if (extra === 0) bytes[1] = 0x80 | length;
  else if (extra === 2) {
    bytes[1] = 0x80 | 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 0x80 | 127;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  const key = mask();
  key.copy(bytes, 2 + extra);
  const from = 6 + extra;
  for (let i = 0; i < length; i++) bytes[from + i] = (payload[i] as number) ^ (key[i & 3] as number);
  return bytes;
}

/** A close frame; `reason` is short. */
export function closeFrame(code: number, reason = ""): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return frame(Opcode.close, payload);
}

/** Codes that may stand in a close frame (RFC 6455 §7.4, IANA's registry): of 1000 to 1014 those that say something, and the ranges of others. */
export function isCloseCode(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}
