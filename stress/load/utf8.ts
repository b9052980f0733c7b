/**
 * Whether bytes that come in pieces are UTF-8 (RFC 3629), which a WebSocket's text must be (RFC 6455 §8.1): no overlong
 * form, no surrogate, nothing above U+10FFFF.
 */
export class Utf8Check {
  /** Continuation bytes that must follow. */
  #left = 0;
  /** What the next of them may be: the first after E0, ED, F0 and F4 is restricted. */
  #min = 0x80;
  #max = 0xbf;

  begin(): void {
    this.#left = 0;
    this.#min = 0x80;
    this.#max = 0xbf;
  }

  /** @returns false at the first byte that cannot stand there. */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      if (this.#left > 0) {
        if (byte < this.#min || byte > this.#max) return false;
        this.#left--;
        this.#min = 0x80;
        this.#max = 0xbf;
      } else if (byte >= 0x80 && !this.#lead(byte)) return false;
    }
    return true;
  }

  /** Whether the text may end here. */
  get complete(): boolean {
    return this.#left === 0;
  }

  #lead(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) this.#min = 0xa0;
    else if (byte === 0xed) this.#max = 0x9f;
    else if (byte === 0xf0) this.#min = 0x90;
    else if (byte === 0xf4) this.#max = 0x8f;
    return true;
  }
}
