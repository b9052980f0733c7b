/** What the page does besides its charts: colours, copying. Tells `plimsoll:repaint` when colours change. */

const root = document.documentElement;
root.classList.add("js");

function repaint(): void {
  document.dispatchEvent(new Event("plimsoll:repaint"));
}

type Scheme = "auto" | "light" | "dark";
const storageKey = "plimsoll-scheme";

/** Storage is denied to some pages opened as files. */
function remembered(): Scheme {
  try {
    const found = localStorage.getItem(storageKey);
    return found === "light" || found === "dark" ? found : "auto";
  } catch {
    return "auto";
  }
}

function remember(scheme: Scheme): void {
  try {
    localStorage.setItem(storageKey, scheme);
  } catch {
    // The choice then lasts as long as the page.
  }
}

function use(scheme: Scheme): void {
  if (scheme === "auto") root.removeAttribute("data-scheme");
  else root.setAttribute("data-scheme", scheme);
  repaint();
}

for (const input of document.querySelectorAll<HTMLInputElement>('input[name="scheme"]')) {
  input.checked = input.value === remembered();
  input.addEventListener("change", () => {
    const scheme = input.value as Scheme;
    remember(scheme);
    use(scheme);
  });
}
use(remembered());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

// Paper is light whatever the screen is.
addEventListener("beforeprint", () => {
  root.setAttribute("data-printing", "");
  repaint();
});
addEventListener("afterprint", () => {
  root.removeAttribute("data-printing");
  repaint();
});

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy ?? "");
    const status = document.querySelector("[data-copied]");
    if (source === null || status === null) return;
    try {
      await navigator.clipboard.writeText(source.textContent ?? "");
      status.textContent = "Copied";
      button.textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(source);
      status.textContent = "Selected: copy it by keyboard";
      button.textContent = "Selected";
    }
  });
}

export {};
