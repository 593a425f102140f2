// Answers the reads that native threads cannot: content that has to be decoded, and any content of a source that is no
// plain file. Reads wait in a queue, so that what they hold in memory is bounded however many processes read.
import { toIsodriveError } from '../../base/error.js';
import type { ContentOpener } from '../../image/content-opener.js';
import type { CheckedContents } from '../served-image.js';

/** Reads under way; each holds at most what the kernel asks for in one request, 1 MiB. */
const MAX_CONCURRENT_READS = 16;

/** Bytes, or a positive errno. */
type Reply = (ticket: number, result: Uint8Array | number) => void;

interface WaitingRead {
  readonly ticket: number;
  readonly row: number;
  readonly offset: number;
  readonly length: number;
}

export class ReadService {
  readonly #contents: Pick<ContentOpener, 'open'>;
  readonly #checked: CheckedContents | undefined;
  readonly #reply: Reply;
  /** In order of arrival. */
  readonly #waiting = new Map<number, WaitingRead>();
  readonly #running = new Map<number, AbortController>();

  /** `checked` is asked before a file is opened. */
  constructor(contents: Pick<ContentOpener, 'open'>, reply: Reply, checked?: CheckedContents) {
    this.#contents = contents;
    this.#checked = checked;
    this.#reply = reply;
  }

  /** Nobody waits for a read. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#running.size === 0;
  }

  /** Takes a read, or with no `length` an open; it is answered once, unless it is cancelled. */
  add(ticket: number, row: number, offset: number, length: number): void {
    this.#waiting.set(ticket, { ticket, row, offset, length });
    this.#startNext();
  }

  /** Gives up a read, for which nobody waits any more. */
  cancel(ticket: number): void {
    this.#waiting.delete(ticket);
    this.#running.get(ticket)?.abort();
  }

  /** Gives up all reads: the mount is gone. */
  close(): void {
    this.#waiting.clear();
    for (const controller of this.#running.values()) controller.abort();
  }

  #startNext(): void {
    while (this.#running.size < MAX_CONCURRENT_READS) {
      const next = this.#waiting.values().next().value;
      if (next === undefined) return;
      this.#waiting.delete(next.ticket);
      void this.#run(next);
    }
  }

  async #run({ ticket, row, offset, length }: WaitingRead): Promise<void> {
    const controller = new AbortController();
    this.#running.set(ticket, controller);
    let result: Uint8Array | number;
    try {
      if (length === 0) await this.#checked?.check(row, controller.signal);
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
      const got = length === 0 ? 0 : await this.#contents.open(row).read(bytes, offset, controller.signal);
      result = bytes.subarray(0, got);
    } catch (thrown) {
      result = toIsodriveError(thrown).errnoNumber;
    }
    this.#running.delete(ticket);
    if (!controller.signal.aborted) this.#reply(ticket, result);
    this.#startNext();
  }
}
