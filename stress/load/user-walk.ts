import type { UserChange } from "./schedule.ts";

/** Lets users come and go as the stages say, by the clock: a timer that comes late is made up for at the next occasion. */
export class UserWalk {
  readonly #changes: readonly UserChange[];
  readonly #onChange: (user: number, active: boolean, nowMs: number) => void;
  readonly #onWalked: () => void;
  #startAt = 0;
  #next = 0;
  /** When the next change is due. */
  #dueAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** `onWalked`: all that were due have been made. */
  constructor(
    changes: readonly UserChange[],
    onChange: (user: number, active: boolean, nowMs: number) => void,
    onWalked: () => void,
  ) {
    this.#changes = changes;
    this.#onChange = onChange;
    this.#onWalked = onWalked;
  }

  /** Whether all changes have been made. */
  get isOver(): boolean {
    return this.#next >= this.#changes.length;
  }

  /** A change is due that its timer has not made yet. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueAt;
  }

  start(atMs: number): void {
    this.#startAt = atMs;
    this.walk(performance.now());
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  walk(nowMs: number): void {
    this.stop();
    for (; this.#next < this.#changes.length; this.#next++) {
      const { atMs, user, active } = this.#changes[this.#next] as UserChange;
      const waitMs = this.#startAt + atMs - nowMs;
      if (waitMs > 0) {
        this.#dueAt = this.#startAt + atMs;
        this.#timer = setTimeout(() => this.walk(performance.now()), waitMs);
        break;
      }
      this.#onChange(user, active, nowMs);
    }
    this.#onWalked();
  }
}
