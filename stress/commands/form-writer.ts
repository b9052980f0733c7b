import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";

/** Forms of a report by file name; each is rendered when it is written. */
export type ReportForms = Readonly<Record<string, () => string | Promise<string>>>;

/**
 * Writes a report of several runs in all its forms, anew after each run. One that fails keeps neither the other forms nor the
 * runs to come, and is told when it begins to.
 */
export class FormWriter {
  readonly #directory: string;
  readonly #tell: (text: string) => void;
  #failing: ReadonlySet<string> = new Set();

  constructor(directory: string, tell: (text: string) => void) {
    this.#directory = directory;
    this.#tell = tell;
  }

  /** @returns whether all of them could be written. */
  async write(forms: ReportForms): Promise<boolean> {
    const failing = new Set<string>();
    for (const [name, render] of Object.entries(forms)) {
      const path = join(this.#directory, name);
      try {
        await writeFileAtomic(path, await render());
      } catch (error) {
        failing.add(name);
        if (!this.#failing.has(name)) this.#tell(`warning: cannot write ${path}: ${(error as Error).message}\n`);
      }
    }
    this.#failing = failing;
    return failing.size === 0;
  }
}
