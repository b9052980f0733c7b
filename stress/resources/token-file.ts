import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { UsageError } from "../profile/usage-error.ts";

/** A token as one line of visible characters, long enough that nobody guesses it. */
const tokenShape = /^[\x21-\x7e]{16,512}$/;

/** @throws UsageError, without the content, when there is none to read. */
export async function readToken(flag: string, file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${flag} ${file}: cannot be read (${error.code ?? error.message}); give the file that holds the token`);
  });
  const token = text.trim();
  if (!tokenShape.test(token)) {
    throw new UsageError(`${flag} ${file}: holds no token; accepted is one line of 16 to 512 visible ASCII characters`);
  }
  return token;
}

/** The token in `file`; where there is no such file, one is made that its owner alone can read. */
export async function readOrMakeToken(flag: string, file: string): Promise<{ token: string; made: boolean }> {
  const token = randomBytes(32).toString("base64url");
  try {
    await writeFile(file, `${token}\n`, { mode: 0o600, flag: "wx" });
    return { token, made: true };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return { token: await readToken(flag, file), made: false };
    throw new UsageError(`${flag} ${file}: cannot be made (${code ?? message}); give a path in a directory that can be written`);
  }
}
