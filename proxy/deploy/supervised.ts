/**
 * Preloaded (`--import`) into each service that the supervisor starts: when the supervisor is gone, even by SIGKILL,
 * the channel to it closes and the service drains as on SIGTERM. Nothing is left running that nobody watches.
 */
if (process.env.PLIMSOLL_SUPERVISED !== undefined) {
  // the service's own workers inherit `--import` and the environment; their channel is another
  delete process.env.PLIMSOLL_SUPERVISED;
  const drain = (): void => void process.kill(process.pid, "SIGTERM");
  if (process.connected) process.once("disconnect", drain);
  else drain();
  // a listener for "disconnect" alone would keep a service alive that has finished
  process.channel?.unref();
}
