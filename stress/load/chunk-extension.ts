/** Chunk extensions mean nothing here, but must be well-formed, and end. */
export const maxExtensionBytes = 16 * 1024;

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]*";
const quoted = String.raw`"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"`;
const extension = `${token}(?:=${token}(?:${quoted})?)?`;
const extensions = new RegExp(`^(?:${extension};)*(?!$)${extension}$`);

/**
 * Whether `text` may stand between a chunk's size and its CR, the first semicolon left out: RFC 9112 section 7.1.1 as
 * llhttp reads it, without white space, and with parts that may be empty except for the last.
 */
export function isChunkExtension(text: string): boolean {
  return extensions.test(text);
}
