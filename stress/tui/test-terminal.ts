import { PassThrough, Writable } from "node:stream";
import xterm from "@xterm/headless";

/** A terminal for tests: what is written to `stdout` is drawn by a real terminal's own code, and can be read back. */
export class TestTerminal {
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  readonly #screen: InstanceType<typeof xterm.Terminal>;
  readonly #keys = new PassThrough();

  constructor(columns: number, rows: number) {
    this.#screen = new xterm.Terminal({ cols: columns, rows, convertEol: true, allowProposedApi: true, scrollback: 1000 });
    const screen = this.#screen;
    const stdout = new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        screen.write(chunk, done);
      },
    });
    this.stdout = Object.assign(stdout, { isTTY: true, columns, rows }) as unknown as NodeJS.WriteStream;
    const raw = { isTTY: true, isRaw: false, setRawMode: () => this.#keys, ref: () => this.#keys, unref: () => this.#keys };
    this.stdin = Object.assign(this.#keys, raw) as unknown as NodeJS.ReadStream;
  }

  resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows);
    Object.assign(this.stdout, { columns, rows });
    this.stdout.emit("resize");
  }

  press(key: string): void {
    this.#keys.write(key);
  }

  /** The reader of stdout goes away. */
  hangUp(): void {
    this.stdout.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  }

  /** Which of a terminal's two screens is shown. */
  get shown(): "normal" | "alternate" {
    return this.#screen.buffer.active.type;
  }

  /** Every line, scrollback included, without the blank ones at the end. */
  lines(): string[] {
    const { cols, buffer } = this.#screen;
    // Cells beyond the edge are kept by this emulator when it gets narrower; nobody sees them.
    const line = (row: number): string => buffer.active.getLine(row)?.translateToString(false, 0, cols) ?? "";
    const lines = Array.from({ length: buffer.active.length }, (_, row) => line(row).trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }
}
