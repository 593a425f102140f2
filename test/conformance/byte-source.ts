// What every source of bytes must do, one sentence each, and every stream of a disc too, whose methods keep the same
// contract.
import { readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { expect } from 'vitest';
import { PseudoRandom } from '../../scripts/support/pseudo-random.js';
import type { DataStream } from '../../src/disc/data-stream.js';
import type { ByteSource } from '../../src/source/byte-source.js';

/** Bytes that a check reads at a time, at most. */
const MAX_LENGTH = 200_000;
const RANDOM_READS = 60;
const GUARD = 0xa5;

/** What an implementation is compared with. */
export interface Truth {
  readonly size: number;
  /** Places where its bytes are not all the same. */
  readonly places: readonly number[];
  /** Its bytes, fewer at its end. */
  bytes(position: number, length: number): Buffer;
}

export interface Opened<S extends DataStream = DataStream> extends AsyncDisposable {
  readonly source: S;
  readonly truth: Truth;
}

/** A source of which a range cannot be read: byte `from` to byte `to`, excluded. */
export interface OpenedBad extends Opened {
  readonly bad: { readonly from: number; readonly to: number };
}

/** A source of what may change, and its change. */
export interface OpenedChanging extends Opened<ByteSource> {
  /** Writes to what the source reads, or changes it for another, of the same size. */
  readonly change: () => Promise<void>;
}

/** A source of a file, which is closed with it. */
export interface OpenedFile extends Opened<ByteSource> {
  readonly path: string;
  /** A source of the same file. */
  readonly again: () => Promise<ByteSource>;
}

type Check<O extends Opened> = (opened: O) => Promise<void>;

async function readAt(source: DataStream, position: number, length: number): Promise<Buffer> {
  const target = Buffer.alloc(length, GUARD);
  return target.subarray(0, await source.read(target, position));
}

/** Compared by `equals`: a difference of many bytes takes long to print. */
function expectBytes(truth: Truth, position: number, length: number, got: Uint8Array): void {
  const expected = truth.bytes(position, length);
  const isSame = expected.equals(got);
  expect({ position, length: got.length, isSame }).toEqual({
    position,
    length: expected.length,
    isSame: true,
  });
}

function randomRanges(truth: Truth, seed: number, count = RANDOM_READS): [number, number][] {
  const random = new PseudoRandom(seed);
  return Array.from({ length: count }, () => {
    const place = truth.places[random.between(0, truth.places.length - 1)]!;
    const position = Math.max(
      0,
      Math.min(truth.size, place + random.between(0, MAX_LENGTH) - MAX_LENGTH / 2),
    );
    return [position, random.between(1, MAX_LENGTH)];
  });
}

/** For every stream and source. */
export const STREAM_CHECKS: Readonly<Record<string, Check<Opened>>> = {
  'has a name and a whole number of bytes': ({ source, truth }) => {
    expect(source.name).not.toBe('');
    expect(source.size).toBe(truth.size);
    return Promise.resolve();
  },
  'reads any range as it stands': async ({ source, truth }) => {
    for (const [position, length] of randomRanges(truth, 3))
      expectBytes(truth, position, length, await readAt(source, position, length));
  },
  'reads at every place that it tells of, beyond 4 GiB too': async ({ source, truth }) => {
    for (const place of truth.places) {
      const from = Math.max(0, place - 100);
      expectBytes(truth, from, 200, await readAt(source, from, 200));
      expectBytes(truth, place, 1, await readAt(source, place, 1));
    }
  },
  'reads short only at its end': async ({ source, truth: { size }, truth }) => {
    expect((await readAt(source, size - 3, 3)).length).toBe(3);
    expectBytes(truth, size - 3, 10, await readAt(source, size - 3, 10));
    expectBytes(truth, size - 1, MAX_LENGTH, await readAt(source, size - 1, MAX_LENGTH));
  },
  'reads nothing at its end and beyond, and leaves the memory as it was': async ({ source, truth }) => {
    for (const position of [truth.size, truth.size + 1, truth.size + 1_000_000, 2 ** 52]) {
      const target = Buffer.alloc(10, GUARD);
      expect(await source.read(target, position)).toBe(0);
      expect(target.every((byte) => byte === GUARD)).toBe(true);
    }
  },
  'reads no bytes where none are asked for, at any place': async ({ source, truth }) => {
    for (const position of [0, 1, truth.size - 1, truth.size, truth.size + 1])
      expect(await source.read(new Uint8Array(), position)).toBe(0);
  },
  'writes nowhere but into the memory that it was given': async ({ source, truth }) => {
    for (const [position, length] of [...randomRanges(truth, 5, 20), [truth.size - 7, 100] as const]) {
      const memory = Buffer.alloc(length + 64, GUARD);
      const got = await source.read(memory.subarray(32, 32 + length), position);
      expectBytes(truth, position, length, memory.subarray(32, 32 + got));
      expect(memory.subarray(0, 32).every((byte) => byte === GUARD)).toBe(true);
      expect(memory.subarray(32 + got).every((byte) => byte === GUARD)).toBe(true);
    }
  },
  'does not mix reads at the same time': async ({ source, truth }) => {
    const ranges = randomRanges(truth, 7);
    const all = await Promise.all(ranges.map(([position, length]) => readAt(source, position, length)));
    ranges.forEach(([position, length], i) => expectBytes(truth, position, length, all[i]!));
  },
  'rejects with `cancelled` a read that was given up before, and reads on afterwards': async (opened) => {
    const { source, truth } = opened;
    const [place = 0] = truth.places;
    const given = source.read(Buffer.alloc(10), place, AbortSignal.abort());
    await expect(given).rejects.toMatchObject({ code: 'cancelled' });
    expectBytes(truth, place, 10, await readAt(source, place, 10));
  },
  'leaves the memory alone once a read that was given up has settled': async ({ source, truth }) => {
    for (const [position, length] of randomRanges(truth, 9, 10)) {
      const stop = new AbortController();
      const target = Buffer.alloc(length);
      const read = source.read(target, position, stop.signal);
      stop.abort();
      const end = await read.catch((thrown: unknown) => thrown);
      if (typeof end === 'number') expectBytes(truth, position, length, target.subarray(0, end));
      else expect(end).toMatchObject({ code: 'cancelled' });
      target.fill(GUARD);
      // Whatever was under way has come to its end before these have.
      for (const again of [position, 0]) await readAt(source, again, length);
      expect(target.every((byte) => byte === GUARD)).toBe(true);
    }
  },
  'shows by peek what it reads, or nothing': async ({ source, truth }) => {
    for (const [position, length] of [...randomRanges(truth, 11), [truth.size - 4, 8] as const]) {
      const isInside = position + length <= truth.size;
      const got = source.peek?.(position, Math.min(length, 500));
      if (got !== undefined) expectBytes(truth, position, Math.min(length, 500), got);
      await readAt(source, position, length);
      const whole = source.peek?.(position, length);
      if (whole !== undefined) expectBytes(truth, position, length, whole);
      if (!isInside) expect(whole).toBeUndefined();
    }
  },
  'gives from memory what it reads, all of it or nothing': async ({ source, truth }) => {
    for (const [position, length] of [...randomRanges(truth, 13), [truth.size - 4, 8] as const]) {
      await readAt(source, position, length);
      const target = Buffer.alloc(length);
      if (source.readCached?.(target, position) !== true) continue;
      expect(position + length).toBeLessThanOrEqual(truth.size);
      expectBytes(truth, position, length, target);
    }
  },
};

/** For every source. */
export const SOURCE_CHECKS: Readonly<Record<string, Check<Opened<ByteSource>>>> = {
  'lets native code read the same bytes, but for those that it tells it to leave': ({ source, truth }) => {
    const { base } = source;
    let end = -1;
    for (const { position, size } of base?.absent ?? []) {
      expect(position).toBeGreaterThan(end);
      expect(size).toBeGreaterThan(0);
      end = position + size;
      expect(end).toBeLessThanOrEqual(truth.size);
    }
    if (base === undefined) return Promise.resolve();
    for (const [position, length] of randomRanges(truth, 15)) {
      const target = Buffer.alloc(length);
      const got = readSync(base.descriptor, target, 0, length, position);
      expectBytes(truth, position, length, target.subarray(0, got));
    }
    return Promise.resolve();
  },
};

/** For every stream and source, above a medium that fails. */
export const BAD_RANGE_CHECKS: Readonly<Record<string, Check<OpenedBad>>> = {
  'rejects with `image-unreadable` each read that needs a byte which the medium does not give': async (
    opened,
  ) => {
    const { source, bad } = opened;
    const ranges = [
      [bad.from, 1],
      [bad.to - 1, 1],
      [bad.from, bad.to - bad.from],
      [bad.from - 1, 2],
      [bad.to - 1, 2],
      [bad.from - 70_000, 150_000],
    ] as const;
    for (const [position, length] of ranges) {
      const read = source.read(Buffer.alloc(length), position);
      await expect(read).rejects.toMatchObject({ code: 'image-unreadable' });
      expect(source.peek?.(position, length)).toBeUndefined();
      expect(source.readCached?.(Buffer.alloc(length), position) ?? false).toBe(false);
    }
  },
  'reads all that lies beside what the medium does not give': async ({ source, truth, bad }) => {
    for (let round = 0; round < 2; round += 1) {
      expectBytes(truth, bad.from - 4096, 4096, await readAt(source, bad.from - 4096, 4096));
      expectBytes(truth, bad.to, 4096, await readAt(source, bad.to, 4096));
      expectBytes(truth, 0, 5000, await readAt(source, 0, 5000));
    }
  },
  'reads zero bytes where the medium gives none': async ({ source, bad }) => {
    expect(await source.read(new Uint8Array(), bad.from)).toBe(0);
  },
};

async function hasChanged({ source }: OpenedChanging): Promise<boolean> {
  const thrown = await readAt(source, 0, 100).catch((error: unknown) => error);
  if (!(thrown instanceof Error)) return false;
  expect(thrown).toMatchObject({ code: 'image-changed' });
  return true;
}

/** For every source of what may change. It looks now and then. */
export const CHANGE_CHECKS: Readonly<Record<string, Check<OpenedChanging>>> = {
  'rejects with `image-changed` once it was changed': async (opened) => {
    const { source, truth, change } = opened;
    expectBytes(truth, 0, 100, await readAt(source, 0, 100));
    await change();
    await expect.poll(() => hasChanged(opened), { timeout: 10_000 }).toBe(true);
  },
};

/** For a drive: what is in it then is another disc. Of a file, a mount goes on with what is still there. */
export const FOREVER_CHECKS: Readonly<Record<string, Check<OpenedChanging>>> = {
  'rejects with `image-changed` for good': async (opened) => {
    const { source, change } = opened;
    await change();
    const fails = (): Promise<boolean> => hasChanged(opened);
    await expect.poll(fails, { timeout: 10_000 }).toBe(true);
    for (let i = 0; i < 20; i += 1) expect(await fails()).toBe(true);
    expect(source.readCached?.(Buffer.alloc(100), 0) ?? false).toBe(false);
  },
};

/** For every source of a file. */
export const FILE_CHECKS: Readonly<Record<string, Check<OpenedFile>>> = {
  'tells its file from another, and not from itself': async ({ source, again }) => {
    const same = await again();
    expect(source.identity).toBeDefined();
    expect(same.identity).toEqual(source.identity);
    await same[Symbol.asyncDispose]();
  },
  'closes nothing but its own file, however often it is asked to close': async ({ source, path }) => {
    await source[Symbol.asyncDispose]();
    // The numbers that it had are given to others now.
    const others = await Promise.all([open(path), open(path)]);
    await source[Symbol.asyncDispose]();
    for (const other of others) {
      expect((await other.read(Buffer.alloc(1), 0, 1, 0)).bytesRead).toBe(1);
      await other.close();
    }
  },
};
