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

/**
 * Wraps `stream` so that losing its reader is survived in silence: what runs goes on, and ends as it would have. The
 * error arrives as an event after the write, and without a listener it would end the process with a stack. Any other
 * error is thrown on.
 */
export function survivingOutput(stream: NodeJS.WritableStream): Output {
  let gone = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!goneCodes.has(error.code ?? "")) throw error;
    gone = true;
  });
  return {
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
}
