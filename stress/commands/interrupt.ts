/**
 * First Ctrl-C (or SIGTERM, SIGHUP) ends the run properly, the second at once. `press` is for a screen that reads the
 * keyboard itself: in raw mode Ctrl-C is a key and no signal.
 */
export function onInterrupt(first: () => void, second: () => void): { press(): void; release(): void } {
  let presses = 0;
  const press = () => {
    presses++;
    if (presses === 1) first();
    else second();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, press);
  return {
    press,
    release() {
      for (const signal of signals) process.off(signal, press);
    },
  };
}
