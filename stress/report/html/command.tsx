import type { ReactNode } from "react";
import { redactCommandLine } from "../../profile/redact.ts";
import { clean } from "../../screen/line.ts";

/** The command that makes it all again, to be copied. Secrets are removed here too, wherever the file came from. */
export function Command({ command }: { command: string }): ReactNode {
  const shown = `npx ${redactCommandLine(command)}`;
  return (
    <>
      <div className="command">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long command scrolls, and must by keyboard */}
        <pre tabIndex={0}>
          <code id="command">{clean(shown)}</code>
        </pre>
        <button type="button" className="toggle scripted" data-copy="command">
          Copy
        </button>
      </div>
      <p role="status" className="unseen" data-copied="" />
      {shown.includes("[redacted]") ? <p>Secrets were removed: put them where it says [redacted].</p> : null}
    </>
  );
}
