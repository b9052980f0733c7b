/** Something the user gave cannot be used. The command line prints the message as one line, without a stack, and exits 104. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
