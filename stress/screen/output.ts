/** Somewhere to print that may go away: a pipe whose reader left, a terminal that was closed. */
export interface Output {
  /** Prints `text`, or does nothing once the other end is gone. */
  print(text: string): void;
  /** True once the other end is gone. */
  readonly gone: boolean;
  /** Waits until everything printed has been handed over, or the other end is gone. */
  flush(): Promise<void>;
}

const goneCodes = new Set(["EPIPE", "EIO", "ECONNRESET", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]);
/** One for each stream: every listener would count towards Node's warning of a leak. */
const known = new WeakMap<NodeJS.WritableStream, Output>();

/**
 * Wraps `stream` so that losing its reader is survived in silence: what runs goes on, and ends as it would have. The
 * error arrives as an event after the write, and without a listener it would end the process with a stack. Of any other
 * error, such as a full disk behind it, a line is said on `complaints`.
 */
export function survivingOutput(stream: NodeJS.WritableStream, complaints: NodeJS.WritableStream = process.stderr): Output {
  const before = known.get(stream);
  if (before !== undefined) return before;
  let gone = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!gone && !goneCodes.has(error.code ?? "")) complaints.write(`stress: cannot print any more: ${error.message}\n`);
    gone = true;
  });
  const output: Output = {
    get gone() {
      return gone || !stream.writable;
    },
    print(text) {
      if (!gone && stream.writable) stream.write(text);
    },
    flush() {
      if (gone || !stream.writable) return Promise.resolve();
      return new Promise((resolve) => {
        stream.write("", () => resolve());
      });
    },
  };
  known.set(stream, output);
  return output;
}
