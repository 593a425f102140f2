// Decodes units that native threads lack: of the content of a file, or of a base of the read plan. One that is
// damaged fails alone.
import { IsodriveError, toIsodriveError } from '../../base/error.js';
import type { NativePlan } from '../../disc/native-plan.js';
import type { FileContent } from '../../filesystem/contract/file-content.js';
import type { ContentOpener } from '../../image/content-opener.js';
import { abortable } from '../../base/abortable.js';
import { WorkQueue } from './work-queue.js';

/** Runs under way: enough that all processors decode while others are being read and told. */
const MAX_CONCURRENT_FILLS = 8;
/** Bytes of most runs at most, and how many pieces of memory of that size are kept for the next. */
const BUFFER_BYTES = 1_048_576;
const MAX_SPARE = 4;

/** Bytes of all units, and an errno or 0 for each; or one errno for all. */
type Reply = (ticket: number, result: Uint8Array | number, errors?: Int32Array) => void;

type Decodable = Pick<FileContent, 'read' | 'unitBytes' | 'decodeUnits'>;

export interface UnitRun {
  /** Whether `number` is that of a base, not of a row. */
  readonly isBase: boolean;
  readonly number: number;
  readonly unitBytes: number;
  /** Whole units, but for the last of all. */
  readonly offset: number;
  readonly length: number;
}

export class UnitService {
  readonly #contents: Pick<ContentOpener, 'open'>;
  readonly #bases: NativePlan['units'];
  readonly #reply: Reply;
  readonly #queue = new WorkQueue(MAX_CONCURRENT_FILLS);
  /** Memory for what is being decoded, which is copied when it is told. */
  readonly #spare: Uint8Array[] = [];

  constructor(contents: Pick<ContentOpener, 'open'>, bases: NativePlan['units'], reply: Reply) {
    this.#contents = contents;
    this.#bases = bases;
    this.#reply = reply;
  }

  /** Nothing is being decoded. */
  get isIdle(): boolean {
    return this.#queue.isIdle;
  }

  /** It is answered once, unless it is cancelled. */
  add(ticket: number, run: UnitRun): void {
    this.#queue.add(ticket, (signal) => this.#run(ticket, run, signal));
  }

  cancel(ticket: number): void {
    this.#queue.cancel(ticket);
  }

  close(): void {
    this.#queue.close();
  }

  async #run(ticket: number, run: UnitRun, signal: AbortSignal): Promise<void> {
    const memory = this.#spare.pop();
    const buffer =
      memory !== undefined && memory.length >= run.length
        ? memory
        : allocate(Math.max(BUFFER_BYTES, run.length));
    const bytes = buffer.subarray(0, run.length);
    try {
      const errors = await abortable(decode(this.#open(run), run, bytes, signal), signal);
      this.#reply(ticket, bytes, errors);
    } catch (thrown) {
      if (!signal.aborted) this.#reply(ticket, toIsodriveError(thrown).errnoNumber);
    }
    // What was given up may be written to for long.
    const isSpare = !signal.aborted && buffer.length === BUFFER_BYTES && this.#spare.length < MAX_SPARE;
    if (isSpare) this.#spare.push(buffer);
  }

  #open({ isBase, number }: UnitRun): Decodable {
    if (!isBase) return this.#contents.open(number);
    const base = this.#bases[number];
    if (base === undefined) throw new RangeError(`Read plan has no base in units with number ${number}`);
    return base.source;
  }
}

/** Gives an errno for each unit, 0 where it is there; undefined where all are. */
async function decode(
  content: Decodable,
  { unitBytes, offset, length }: UnitRun,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<Int32Array | undefined> {
  const count = Math.ceil(length / unitBytes);
  const errors =
    content.unitBytes === unitBytes && content.decodeUnits !== undefined
      ? await content.decodeUnits(offset / unitBytes, count, bytes)
      : await readEach(content, bytes, unitBytes, offset, signal);
  if (errors.every((error) => error === undefined)) return undefined;
  return Int32Array.from(errors, (error) => (error === undefined ? 0 : toIsodriveError(error).errnoNumber));
}

/** For content that is decoded in other pieces. */
async function readEach(
  content: Decodable,
  bytes: Uint8Array,
  unitBytes: number,
  offset: number,
  signal: AbortSignal,
): Promise<(Error | undefined)[]> {
  const errors: (Error | undefined)[] = [];
  for (let at = 0; at < bytes.length && !signal.aborted; at += unitBytes) {
    const unit = bytes.subarray(at, at + unitBytes);
    try {
      const got = await content.read(unit, offset + at, signal);
      errors.push(got < unit.length ? new IsodriveError('damaged', 'Content ends too early') : undefined);
    } catch (thrown) {
      errors.push(toIsodriveError(thrown));
    }
  }
  return errors;
}

function allocate(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}
