/** An answer whose head has come, and whose end has not been seen yet. */
export interface HeldAnswer {
  /** Writes what is held; nothing, when the end has come meanwhile. */
  flush(): void;
}

/**
 * Holds the beginnings of answers to the end of the event loop's turn: nearly all are whole by then. One callback for all
 * of a turn: a tick for each is dearer, and nearly always for nothing.
 */
export class HeldAnswers {
  #held: HeldAnswer[] = [];

  hold(answer: HeldAnswer): void {
    if (this.#held.length === 0) setImmediate(flushAll, this);
    this.#held.push(answer);
  }

  flush(): void {
    const held = this.#held;
    this.#held = [];
    for (const answer of held) answer.flush();
  }
}

function flushAll(answers: HeldAnswers): void {
  answers.flush();
}
