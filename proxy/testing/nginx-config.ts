/** `name args…;`, or `name args… { block }`. */
export interface Directive {
  name: string;
  args: string[];
  block: Directive[] | null;
}

/** For tests: the directives of an nginx configuration file. Throws where a brace or a semicolon is missing. */
export function parseNginxConfig(text: string): Directive[] {
  const tokens = text.match(/#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|(?:\$\{|[^\s{};"'])+/g) ?? [];
  const words = tokens.filter((token) => !token.startsWith("#"));
  let at = 0;
  const parseBlock = (nested: boolean): Directive[] => {
    const directives: Directive[] = [];
    for (let current: string[] = []; at < words.length; ) {
      const word = words[at++] as string;
      if (word === "}") {
        if (!nested || current.length > 0) throw new Error(`unexpected } after ${current.join(" ")}`);
        return directives;
      }
      if (word !== ";" && word !== "{") {
        current.push(unquote(word));
        continue;
      }
      const [name = "", ...args] = current;
      directives.push({ name, args, block: word === "{" ? parseBlock(true) : null });
      current = [];
    }
    if (nested) throw new Error("a } is missing");
    return directives;
  };
  return parseBlock(false);
}

function unquote(word: string): string {
  return /^["']/.test(word) ? word.slice(1, -1).replace(/\\(["'\\])/g, "$1") : word;
}
