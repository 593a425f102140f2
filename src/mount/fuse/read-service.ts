// Answers the reads that native threads cannot: content that has to be decoded, and any content of a source that is no
// plain file. Reads wait in a queue, so that what they hold in memory is bounded however many processes read.
import { toIsodriveError } from '../../base/error.js';
import type { ContentOpener } from '../../image/content-opener.js';
import type { CheckedContents } from '../served-image.js';
import { WorkQueue } from './work-queue.js';

/** Reads under way; each holds at most what the kernel asks for in one request, 1 MiB. */
const MAX_CONCURRENT_READS = 16;

/** Bytes, or a positive errno. */
type Reply = (ticket: number, result: Uint8Array | number) => void;

export class ReadService {
  readonly #contents: Pick<ContentOpener, 'open'>;
  readonly #checked: CheckedContents | undefined;
  readonly #reply: Reply;
  readonly #queue = new WorkQueue(MAX_CONCURRENT_READS);

  /** `checked` is asked before a file is opened. */
  constructor(contents: Pick<ContentOpener, 'open'>, reply: Reply, checked?: CheckedContents) {
    this.#contents = contents;
    this.#checked = checked;
    this.#reply = reply;
  }

  /** Nobody waits for a read. */
  get isIdle(): boolean {
    return this.#queue.isIdle;
  }

  /** Takes a read, or with no `length` an open; it is answered once, unless it is cancelled. */
  add(ticket: number, row: number, offset: number, length: number): void {
    this.#queue.add(ticket, async (signal) => {
      const result = await this.#read(row, offset, length, signal);
      if (!signal.aborted) this.#reply(ticket, result);
    });
  }

  /** Gives up a read, for which nobody waits any more. */
  cancel(ticket: number): void {
    this.#queue.cancel(ticket);
  }

  /** Gives up all reads: the mount is gone. */
  close(): void {
    this.#queue.close();
  }

  async #read(
    row: number,
    offset: number,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | number> {
    try {
      if (length === 0) await this.#checked?.check(row, signal);
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
      const got = length === 0 ? 0 : await this.#contents.open(row).read(bytes, offset, signal);
      return bytes.subarray(0, got);
    } catch (thrown) {
      return toIsodriveError(thrown).errnoNumber;
    }
  }
}
