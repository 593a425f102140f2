// Bytes outside of a directory that its records point to (SUSP continuation areas, relocated directories). The record
// parser is synchronous: what is not in memory it asks for here, is fetched, and then the record is parsed again.
import type { DataStream } from '../../disc/data-stream.js';
import type { WorkBudget } from '../contract/work-budget.js';

/** Areas kept from record to record, because neighbours share them. */
const MAX_AREAS = 64;

export class ContinuationAreas {
  readonly #reader: DataStream;
  readonly #work: WorkBudget;
  readonly #fetched = new Map<number, Uint8Array>();
  #wantedPosition = 0;
  #wantedLength = 0;

  constructor(reader: DataStream, work: WorkBudget) {
    this.#reader = reader;
    this.#work = work;
  }

  /** True when so many bytes lie at `position` inside the image. */
  contains(position: number, length: number): boolean {
    return position >= 0 && position + length <= this.#reader.size;
  }

  /**
   * A view of bytes that must lie inside the image; undefined when they have to be fetched first. Valid until the
   * next call. Throws `loop` when records have named areas too often.
   */
  view(position: number, length: number): Uint8Array | undefined {
    if (!this.#work.takeBytes(length))
      throw this.#work.refuse(this.#reader.name, 'records share their areas');
    const fetched = this.#fetched.get(position);
    if (fetched !== undefined && fetched.length >= length) return fetched.subarray(0, length);
    const cached = this.#reader.peek?.(position, length);
    if (cached === undefined) {
      this.#wantedPosition = position;
      this.#wantedLength = length;
    }
    return cached;
  }

  /** Fetches what `view` last could not give. Rejects as ByteSource.read does. */
  async fetch(signal?: AbortSignal): Promise<void> {
    const bytes = new Uint8Array(this.#wantedLength);
    await this.#reader.read(bytes, this.#wantedPosition, signal);
    this.#fetched.set(this.#wantedPosition, bytes);
  }

  /** Takes the area that could not be fetched for zeros, which say nothing; gives its byte position. */
  giveUp(): number {
    this.#fetched.set(this.#wantedPosition, new Uint8Array(this.#wantedLength));
    return this.#wantedPosition;
  }

  /** To be called between records: within one, what was fetched must stay, or fetching might never end. */
  trim(): void {
    if (this.#fetched.size >= MAX_AREAS) this.#fetched.clear();
  }
}
