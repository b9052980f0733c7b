/** Told of every event, when the empty line that ends it has come. */
export interface EventSink {
  /** `dataBytes`: length of its data, line ends between several data lines included. */
  onEvent(dataBytes: number): void;
}

/** Longest event id; it is sent in a header, and no server takes a longer one. */
const maxIdBytes = 8 * 1024;

const State = { lineStart: 0, name: 1, valueStart: 2, value: 3, comment: 4 } as const;
const Field = { other: 0, data: 1, id: 2, retry: 3 } as const;

const CR = 13;
const LF = 10;
const SPACE = 32;
const COLON = 58;
const byteOrderMark = [0xef, 0xbb, 0xbf];
const names: readonly (readonly [string, number])[] = [
  ["data", Field.data],
  ["id", Field.id],
  ["retry", Field.retry],
];

/**
 * An incremental parser of `text/event-stream` (WHATWG HTML §9.2.6), in constant memory: data is counted, never kept, so
 * that neither its length nor the length of a line matters. What an event is called means nothing here.
 *
 * An event without a data field is none, though its id counts. What the end of the stream leaves incomplete is none either.
 */
export class EventParser {
  /** Milliseconds that the server wants a client to wait before it asks again; null as long as it has not said. */
  retryMs: number | null = null;
  /** What cannot be dealt with, or empty. */
  problem = "";
  readonly #sink: EventSink;
  #state: number = State.lineStart;
  /** Bytes of the byte order mark seen, -1 once past where it may stand. */
  #mark = 0;
  /** The last byte ended a line as CR: an LF after it belongs to it. */
  #afterCr = false;
  #name = "";
  #field: number = Field.other;
  #dataBytes = 0;
  #hasData = false;
  /** The value of an id or retry line as far as it has come. */
  readonly #value: number[] = [];
  /** The id that takes effect with the next empty line. */
  #nextId: Buffer | null = null;
  #id = "";

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  /** Id of the last event that had one; empty where there is none, or where it was taken back. */
  get lastEventId(): string {
    return this.#id;
  }

  /** Takes `bytes[start, end)`. */
  push(bytes: Uint8Array, start: number, end: number): void {
    let i = start;
    while (i < end) {
      const byte = bytes[i] as number;
      if (this.#mark >= 0) {
        if (byte === byteOrderMark[this.#mark]) {
          i++;
          this.#mark = this.#mark === 2 ? -1 : this.#mark + 1;
          continue;
        }
        // Part of a mark is the beginning of a field's name, none that matters.
        if (this.#mark > 0) this.#beginName("\ufffd");
        this.#mark = -1;
      }
      if (this.#afterCr) {
        this.#afterCr = false;
        if (byte === LF) {
          i++;
          continue;
        }
      }
      if (byte === CR || byte === LF) {
        this.#endLine();
        this.#afterCr = byte === CR;
        i++;
      } else i = this.#takeByte(bytes, i, end, byte);
    }
  }

  #takeByte(bytes: Uint8Array, i: number, end: number, byte: number): number {
    switch (this.#state) {
      case State.lineStart:
        if (byte === COLON) this.#state = State.comment;
        else this.#beginName(String.fromCharCode(byte));
        return i + 1;
      case State.name:
        if (byte === COLON) this.#beginValue();
        // Longer than any name that matters: what it is called more exactly does not.
        else if (this.#name.length < 6) this.#name += String.fromCharCode(byte);
        return i + 1;
      case State.valueStart:
        this.#state = State.value;
        return byte === SPACE ? i + 1 : i;
      default: {
        const to = endOfLine(bytes, i, end);
        if (this.#state === State.value) this.#takeValue(bytes, i, to);
        return to;
      }
    }
  }

  #beginName(text: string): void {
    this.#state = State.name;
    this.#name = text;
  }

  #beginValue(): void {
    this.#state = State.valueStart;
    this.#field = names.find(([name]) => name === this.#name)?.[1] ?? Field.other;
    this.#value.length = 0;
    if (this.#field !== Field.data) return;
    // Each line's data is joined to the one before by a line end.
    if (this.#hasData) this.#dataBytes++;
    this.#hasData = true;
  }

  #takeValue(bytes: Uint8Array, start: number, end: number): void {
    if (this.#field === Field.data) this.#dataBytes += end - start;
    else if (this.#field !== Field.other) {
      if (this.#value.length + end - start > maxIdBytes) this.problem = "an event id above 8 KiB";
      else for (let i = start; i < end; i++) this.#value.push(bytes[i] as number);
    }
  }

  #endLine(): void {
    if (this.#state === State.lineStart) {
      this.#endEvent();
      return;
    }
    // A line without a colon is a field with an empty value.
    if (this.#state === State.name) this.#beginValue();
    if (this.#state !== State.comment) this.#endField();
    this.#state = State.lineStart;
  }

  #endField(): void {
    if (this.#field === Field.id && !this.#value.includes(0)) this.#nextId = Buffer.from(this.#value);
    if (this.#field === Field.retry && this.#value.length > 0) {
      const text = String.fromCharCode(...this.#value);
      if (/^\d+$/.test(text)) this.retryMs = Number(text);
    }
  }

  #endEvent(): void {
    if (this.#nextId !== null) {
      this.#id = this.#nextId.toString();
      this.#nextId = null;
    }
    if (!this.#hasData) return;
    const dataBytes = this.#dataBytes;
    this.#hasData = false;
    this.#dataBytes = 0;
    this.#sink.onEvent(dataBytes);
  }
}

function endOfLine(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && bytes[i] !== LF && bytes[i] !== CR) i++;
  return i;
}
