// A stream of a disc, read by its plan through the sources of its bases: the universal twin of
// native/io/data-reader.cc.
import { throwIfAborted } from '../base/abortable.js';
import { IsodriveError } from '../base/error.js';
import type { ByteSource } from '../source/byte-source.js';
import type { BytesSegment, Segment, Segments } from './read-plan.js';
import { basePosition, endOf, findSegment, isRun, runSegment, sliceSegment } from './read-plan.js';
import type { DataStream } from './data-stream.js';

/** Bytes of a base read at a time where only some of them are wanted. */
const SPAN_BYTES = 1_048_576;

export class PlanStream implements DataStream {
  readonly name: string;
  readonly size: number;
  readonly segments: Segments;
  readonly bases: readonly ByteSource[];

  /** Owns nothing. `name`: of the image, for messages. */
  constructor(name: string, segments: Segments, bases: readonly ByteSource[]) {
    this.name = name;
    this.size = endOf(segments);
    this.segments = segments;
    this.bases = bases;
  }

  /** The bytes of a source, as they are. */
  static plain(source: ByteSource): PlanStream {
    const segments = source.size === 0 ? [] : [runSegment(0, source.size, 0, 0)];
    return new PlanStream(source.name, segments, [source]);
  }

  /** Bytes that its bases hold of it: a descriptor may claim any size, and the same bytes many times. */
  get heldBytes(): number {
    let stored = 0;
    for (const { kind, length } of this.segments) if (kind === 'bytes') stored += length;
    return Math.min(
      stored,
      this.bases.reduce((sum, { size }) => sum + size, 0),
    );
  }

  /** Runs of bytes of some kinds, the longest there are. */
  rangesOf(...kinds: readonly Segment['kind'][]): { start: number; end: number }[] {
    const ranges: { start: number; end: number }[] = [];
    for (const { kind, start, length } of this.segments) {
      if (!kinds.includes(kind)) continue;
      const last = ranges.at(-1);
      if (last?.end === start) last.end += length;
      else ranges.push({ start, end: start + length });
    }
    return ranges;
  }

  /** What the image has of it lies in the first base as it is. */
  get isPlain(): boolean {
    return this.segments.every(
      (one) => one.kind !== 'bytes' || (one.base === 0 && isRun(one) && one.swap16 !== true),
    );
  }

  /** The same stream of a disc of which the image holds the end: so many bytes before it are absent. */
  shifted(bytes: number): PlanStream {
    if (bytes === 0) return this;
    const moved = this.segments.map((segment) => ({ ...segment, start: segment.start + bytes }));
    return new PlanStream(this.name, [{ kind: 'absent', start: 0, length: bytes }, ...moved], this.bases);
  }

  /** Whether none of some bytes is absent. */
  holds(position: number, length: number): boolean {
    const end = position + length;
    let at = position;
    for (let i = findSegment(this.segments, at); at < end && i < this.segments.length; i += 1) {
      const segment = this.segments[i]!;
      if (segment.start > at || segment.kind === 'absent') return false;
      at = segment.start + segment.length;
    }
    return at >= end;
  }

  /** Where in the first base some bytes lie that follow each other there; undefined where they do not. */
  locate(position: number, length: number): number | undefined {
    const run = this.#findRun(position, length);
    return run?.base === 0 ? run.offset + position - run.start : undefined;
  }

  /**
   * Where in the first base some bytes lie: runs of bytes, in order; `within`: byte of the range. Bytes that the base
   * does not have follow each other as they do on the disc: a truncated image has them nowhere.
   */
  *runsOf(position: number, length: number): Generator<{ within: number; place: number; length: number }> {
    const end = position + length;
    for (let at = position; at < end;) {
      const segment = this.segments[findSegment(this.segments, at)];
      if (segment === undefined) {
        yield { within: at - position, place: this.#placeBehind(at), length: end - at };
        return;
      }
      const stop = Math.min(end, segment.start + segment.length);
      if (segment.kind === 'bytes' && segment.base === 0) {
        for (const part of sliceSegment(segment, Math.max(0, at - segment.start), stop - segment.start))
          if (part.kind === 'bytes') yield* splitUnits(part, position);
      }
      at = stop;
    }
  }

  #placeBehind(position: number): number {
    const last = this.segments.findLast((segment) => segment.kind === 'bytes' && segment.base === 0);
    return last?.kind === 'bytes' ? basePosition(last, last.length - 1) + 1 + position - this.size : position;
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.size - position));
    let done = 0;
    while (done < wanted) {
      throwIfAborted(signal);
      const at = position + done;
      const segment = this.segments[findSegment(this.segments, at)]!;
      if (segment.start > at || segment.kind === 'absent') throw this.#absent(at, segment);
      const part = target.subarray(done, done + Math.min(wanted - done, segment.start + segment.length - at));
      if (segment.kind === 'zeros') part.fill(0);
      else {
        const got = await this.#readBytes(segment, part, at - segment.start, signal);
        if (got < part.length) return done + got;
      }
      done += part.length;
    }
    return done;
  }

  readCached(target: Uint8Array, position: number): boolean {
    const run = this.#findRun(position, target.length);
    if (run === undefined) return false;
    return this.bases[run.base]!.readCached?.(target, run.offset + position - run.start) ?? false;
  }

  sendCached(socket: number, header: Uint8Array, position: number, length: number): number | undefined {
    const run = this.#findRun(position, length);
    if (run === undefined) return undefined;
    return this.bases[run.base]!.sendCached?.(socket, header, run.offset + position - run.start, length);
  }

  /** The run that holds all of some bytes. */
  #findRun(position: number, length: number): BytesSegment | undefined {
    const segment = this.segments[findSegment(this.segments, position)];
    if (segment?.kind !== 'bytes' || !isRun(segment) || segment.swap16 === true) return undefined;
    const isInside = segment.start <= position && position + length <= segment.start + segment.length;
    return isInside ? segment : undefined;
  }

  async #readBytes(
    segment: BytesSegment,
    target: Uint8Array,
    within: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    if (segment.swap16 === true) return this.#readSwapped(segment, target, within, signal);
    const source = this.bases[segment.base]!;
    if (isRun(segment)) return source.read(target, segment.offset + within, signal);
    if (source.units !== undefined) return this.#readEach(segment, target, within, signal);
    const { unit, stride } = segment;
    const perSpan = Math.max(1, Math.floor(SPAN_BYTES / stride)) * unit;
    let done = 0;
    while (done < target.length) {
      const from = within + done;
      const length = Math.min(target.length - done, perSpan - (from % unit));
      const first = basePosition(segment, from);
      const span = new Uint8Array(basePosition(segment, from + length - 1) + 1 - first);
      const got = await source.read(span, first, signal);
      for (let copied = 0; copied < length;) {
        const at = basePosition(segment, from + copied) - first;
        const rest = Math.min(length - copied, unit - ((from + copied) % unit));
        const bytes = span.subarray(at, Math.min(at + rest, got));
        target.set(bytes, done + copied);
        copied += bytes.length;
        if (bytes.length < rest) return done + copied;
      }
      done += length;
    }
    return done;
  }

  /** Of a source whose units may fail, only what is wanted is read: it keeps those it has decoded. */
  async #readEach(
    segment: BytesSegment,
    target: Uint8Array,
    within: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const source = this.bases[segment.base]!;
    for (let done = 0; done < target.length;) {
      const rest = Math.min(target.length - done, segment.unit - ((within + done) % segment.unit));
      const part = target.subarray(done, done + rest);
      const got = await source.read(part, basePosition(segment, within + done), signal);
      done += got;
      if (got < rest) return done;
    }
    return target.length;
  }

  /** Whole pairs are read, and what was wanted of them is kept. */
  async #readSwapped(
    segment: BytesSegment,
    target: Uint8Array,
    within: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const first = within - (within % 2);
    const end = within + target.length;
    const pairs = Buffer.alloc(end + (end % 2) - first);
    const got = await this.#readBytes({ ...segment, swap16: false }, pairs, first, signal);
    const whole = pairs.subarray(0, got - (got % 2)).swap16();
    const bytes = whole.subarray(within - first, end - first);
    target.set(bytes);
    return bytes.length;
  }

  #absent(position: number, { start }: Segment): IsodriveError {
    const isBefore = this.segments[0]?.kind === 'absent' && position < this.segments[0].length;
    const found = isBefore
      ? `Cannot read byte ${position} of the disc that "${this.name}" was cut from: image starts at byte ${this.segments[0]!.length}`
      : `Cannot read byte ${position} of "${this.name}": the image does not hold it, up to byte ${start}`;
    const action = isBefore ? 'Use an image of the whole disc' : undefined;
    return new IsodriveError('damaged', found, {
      at: { source: this.name, offset: position },
      ...(action === undefined ? {} : { action }),
    });
  }
}

/** The runs of a segment: one, or one a unit. */
function* splitUnits(
  segment: BytesSegment,
  origin: number,
): Generator<{ within: number; place: number; length: number }> {
  const step = isRun(segment) ? segment.length : segment.unit;
  for (let done = 0; done < segment.length; done += step) {
    const length = Math.min(step, segment.length - done);
    yield { within: segment.start + done - origin, place: basePosition(segment, done), length };
  }
}
