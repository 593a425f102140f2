// Reading a faulty medium: everything that can be read is read, the map is right at every end, and a further run goes
// on from it.
import { describe, expect, it } from 'vitest';
import { IsodriveError } from '../../../src/base/error.js';
import { FAILURES_BEFORE_CHECK, Rescuer } from '../../../src/imaging/create/rescuer.js';
import type { RescueOptions } from '../../../src/imaging/create/rescuer.js';
import { SequentialHasher } from '../../../src/imaging/create/sequential-hasher.js';
import { startHash } from '../../../src/imaging/hash/digests.js';
import { RescueMap } from '../../../src/source/rescue-map/rescue-map.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';

const SECTOR = 2048;
/** Odd on purpose: the last sector is cut short. */
const SIZE = 8 * 1_048_576 + 1000;
const BYTES = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7 + (i >> 11)) & 0xff);

const eio = (at: number): IsodriveError =>
  new IsodriveError('image-unreadable', `Cannot read byte ${at}: EIO`, {
    cause: Object.assign(new Error('EIO'), { code: 'EIO' }),
  });
const noDevice = new IsodriveError('image-unreadable', 'Cannot read: ENODEV', {
  cause: Object.assign(new Error('ENODEV'), { code: 'ENODEV' }),
});

/** A medium whose sectors fail as `isBad` says. */
function makeMedium(isBad: (sector: number) => boolean): FaultySource {
  const medium = new FaultySource(BYTES);
  medium.fault = (position, end) => {
    for (let sector = Math.floor(position / SECTOR); sector * SECTOR < end; sector += 1) {
      if (isBad(sector)) return eio(sector * SECTOR);
    }
    return undefined;
  };
  return medium;
}

interface Run {
  readonly image: Uint8Array;
  readonly map: RescueMap;
}

function start(): Run {
  return { image: new Uint8Array(SIZE), map: new RescueMap(SIZE) };
}

async function rescue(
  medium: FaultySource,
  run: Run,
  options: Partial<RescueOptions> = {},
): Promise<Rescuer> {
  const rescuer = new Rescuer(medium, run.map, {
    retries: 0,
    write: async (position, bytes) => {
      await new Promise(setImmediate);
      run.image.set(bytes, position);
    },
    ...options,
  });
  await rescuer.run();
  return rescuer;
}

/** The map calls read what is in the image, and nothing else. */
function expectHonest({ image, map }: Run): void {
  for (const { position, size, status } of map.runs) {
    if (status !== '+') continue;
    expect(
      Buffer.compare(image.subarray(position, position + size), BYTES.subarray(position, position + size)),
    ).toBe(0);
  }
}

describe('Reading a medium', () => {
  it('takes few reads where it is good', async () => {
    const run = start();
    const medium = makeMedium(() => false);
    const rescuer = await rescue(medium, run);
    expect(run.map.isComplete).toBe(true);
    expect(rescuer.at.phase).toBe('+');
    expect(Buffer.compare(run.image, BYTES)).toBe(0);
    expect(medium.reads.length).toBe(9);
  });

  it.each([
    ['one sector', [1000]],
    ['the first and the last', [0, Math.floor(SIZE / SECTOR)]],
    ['neighbours over the border of two reads', [510, 511, 512, 513]],
    ['islands in a bad place', [700, 701, 705, 706, 710]],
    ['many', Array.from({ length: 40 }, (_, i) => i * 97)],
  ])('loses nothing but the bad sectors: %s', async (_, bad) => {
    const run = start();
    await rescue(
      makeMedium((sector) => bad.includes(sector)),
      run,
      { retries: 2 },
    );
    const lost = run.map.runs
      .filter(({ status }) => status !== '+')
      .flatMap(({ position, size, status }) => {
        expect(status).toBe('-');
        return Array.from({ length: Math.ceil(size / SECTOR) }, (_each, i) => position / SECTOR + i);
      });
    expect(lost).toEqual(bad);
    expectHonest(run);
  });

  it('tries bad sectors again, as often as wanted, from both sides', async () => {
    const tries = new Map<number, number>();
    const isBad = (sector: number): boolean => {
      if (sector < 300 || sector > 304) return false;
      tries.set(sector, (tries.get(sector) ?? 0) + 1);
      return tries.get(sector)! < 8;
    };
    const run = start();
    await rescue(makeMedium(isBad), run, { retries: 20 });
    expect(run.map.isComplete).toBe(true);
    expect(Buffer.compare(run.image, BYTES)).toBe(0);
  });

  it('stops when the source is gone, and goes on to the same image', async () => {
    const run = start();
    const medium = makeMedium(() => false);
    let reads = 0;
    medium.fault = () => ((reads += 1) > 3 ? noDevice : undefined);
    await expect(rescue(medium, run)).rejects.toThrow(/ENODEV/);
    expect(run.map.bytesOf('+')).toBe(3 * 1_048_576);
    expect(run.map.bytesOf('-')).toBe(0);
    expectHonest(run);
    await rescue(
      makeMedium(() => false),
      run,
    );
    expect(Buffer.compare(run.image, BYTES)).toBe(0);
  });

  it('sees by a place that was good that the source is gone when it only says EIO', async () => {
    const run = start();
    const medium = makeMedium(() => false);
    let reads = 0;
    medium.fault = (position) => ((reads += 1) > 2 ? eio(position) : undefined);
    await expect(rescue(medium, run)).rejects.toThrow(/any more, not even what could be read before/);
    expect(reads).toBeLessThan(2 + 2 * FAILURES_BEFORE_CHECK);
    expect(run.map.bytesOf('-')).toBe(0);
    await rescue(
      makeMedium(() => false),
      run,
    );
    expect(Buffer.compare(run.image, BYTES)).toBe(0);
  });

  it('does not call read what could not be written', async () => {
    const run = start();
    let writes = 0;
    const write = async (position: number, bytes: Uint8Array): Promise<void> => {
      await new Promise(setImmediate);
      if ((writes += 1) > 2) throw new IsodriveError('partial', 'Disk is full');
      run.image.set(bytes, position);
    };
    await expect(
      rescue(
        makeMedium(() => false),
        run,
        { write },
      ),
    ).rejects.toThrow('Disk is full');
    expect(run.map.bytesOf('+')).toBe(2 * 1_048_576);
    expectHonest(run);
  });

  it('stops when it is told to', async () => {
    const run = start();
    const controller = new AbortController();
    const onStep = (): undefined => {
      controller.abort();
    };
    const cancelled = rescue(
      makeMedium(() => false),
      run,
      { signal: controller.signal, onStep },
    );
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expectHonest(run);
  });

  it('slows a drive down for bad places, and only for them', async () => {
    const good = makeMedium(() => false);
    good.speeds = [];
    await rescue(good, start());
    expect(good.speeds).toEqual([]);
    const bad = makeMedium((sector) => sector === 1000);
    bad.speeds = [];
    await rescue(bad, start());
    expect(bad.speeds).toEqual([4]);
    // One that does not obey is read all the same.
    const deaf = start();
    await rescue(
      makeMedium((sector) => sector === 1000),
      deaf,
    );
    expect(deaf.map.missing()).toEqual([{ position: 1000 * SECTOR, size: SECTOR }]);
  });

  it('hashes what comes in order at once, and the rest from the image', async () => {
    for (const bad of [[], [1000]]) {
      const run = start();
      const tries = new Set<number>();
      const medium = makeMedium(
        (sector) => bad.includes(sector) && !tries.has(sector) && Boolean(tries.add(sector)),
      );
      await using hasher = new SequentialHasher(['sha256', 'blake2b'], SIZE);
      await rescue(medium, run, { onBytes: hasher.update.bind(hasher) });
      const digests = await hasher.finish(SIZE, (target, position) => {
        target.set(run.image.subarray(position, position + target.length));
        return Promise.resolve();
      });
      expect(digests?.sha256).toBe(startHash('sha256').update(BYTES).digest('hex'));
      expect(digests?.blake2b).toBe(startHash('blake2b').update(BYTES).digest('hex'));
    }
  });
});
