// A stream read by its plan: runs, strides, swapped sound, zeros, and what the image does not hold.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlanStream } from '../../src/disc/plan-stream.js';
import type { ByteSource } from '../../src/source/byte-source.js';
import { readAtMost } from '../../src/source/read-fully.js';
import { UnitSource } from '../../src/disc/unit-source.js';
import { FaultySource } from '../support/fakes/faulty-source.js';
import { planModel, randomPlan } from '../support/builders/random-plan.js';
import type { PlannedBase, PlannedDisc } from '../support/builders/random-plan.js';

function openBase({ bytes, units }: PlannedBase): ByteSource {
  const of = new FaultySource(bytes);
  if (units === undefined) return of;
  const { unitBytes, failing } = units;
  const decodeUnits = async (
    first: number,
    count: number,
    target: Uint8Array,
  ): Promise<(Error | undefined)[]> => {
    await of.read(target, first * unitBytes);
    return Array.from({ length: count }, (_, i) =>
      failing.includes(first + i) ? new Error('Cannot read byte of a damaged unit') : undefined,
    );
  };
  return new UnitSource({ of, size: bytes.length, unitBytes, decodeUnits });
}

function open({ segments, bases }: PlannedDisc): PlanStream {
  return new PlanStream('disc', segments, bases.map(openBase));
}

describe('a stream', () => {
  it('holds what its bases have of it, however much of a disc it is said to be', () => {
    const run = { kind: 'bytes', base: 0, offset: 0, unit: 2048, stride: 2352 } as const;
    const segments = [
      { ...run, start: 0, length: 4096 },
      { kind: 'absent', start: 4096, length: 2 ** 40 },
      { ...run, start: 4096 + 2 ** 40, length: 4096 },
    ] as const;
    const held = (bytes: number): number =>
      new PlanStream('disc', segments, [new FaultySource(new Uint8Array(bytes))]).heldBytes;
    expect(held(10_000)).toBe(8192);
    expect(held(4704)).toBe(4704);
  });

  it('gives the bytes of its plan at every place and length, and an error for each that is absent', async () => {
    const ranges = fc.array(fc.tuple(fc.nat(40_000), fc.nat(9000)), { minLength: 5, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(randomPlan(), ranges, async (disc, places) => {
        const stream = open(disc);
        const model = planModel(disc);
        for (const [position, length] of places) {
          const wanted = model.bytes.subarray(position, position + length);
          const read = readAtMost(stream, position, length);
          if (model.isAbsent(position, position + wanted.length))
            await expect(read).rejects.toThrow('Cannot read byte');
          else expect(Buffer.from(await read).equals(wanted)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('sends and peeks only what lies in one run', () => {
    const source = new FaultySource(Buffer.from('0123456789'));
    source.inMemory = [0, 10];
    const stream = new PlanStream(
      'disc',
      [
        { kind: 'bytes', start: 0, length: 4, base: 0, offset: 5, unit: 2048, stride: 2048 },
        { kind: 'zeros', start: 4, length: 4 },
        { kind: 'bytes', start: 8, length: 4, base: 0, offset: 0, unit: 2, stride: 4 },
      ],
      [source],
    );
    const target = Buffer.alloc(3);
    expect([stream.readCached(target, 1), target.toString()]).toEqual([true, '678']);
    expect(stream.readCached(target, 2)).toBe(false);
    expect(stream.readCached(target, 8)).toBe(false);
  });

  it('says that a place lies before the image, and where the image starts', async () => {
    const stream = PlanStream.plain(new FaultySource(Buffer.alloc(100, 7))).shifted(4096);
    expect(stream.size).toBe(4196);
    await expect(readAtMost(stream, 4000, 200)).rejects.toThrow(
      'Cannot read byte 4000 of the disc that "disc" was cut from: image starts at byte 4096'.replace(
        'disc"',
        'memory"',
      ),
    );
    expect(await readAtMost(stream, 4096, 4)).toEqual(Uint8Array.of(7, 7, 7, 7));
    expect([stream.locate(4100, 10), stream.locate(4090, 10), stream.locate(4190, 10)]).toEqual([
      4,
      undefined,
      undefined,
    ]);
  });
});

describe('where bytes of a disc lie in its image', () => {
  it('is told run by run, also behind the end of a truncated image', () => {
    const sectors = new PlanStream(
      'disc',
      [{ kind: 'bytes', start: 0, length: 4096, base: 0, offset: 16, unit: 2048, stride: 2352 }],
      [new FaultySource(Buffer.alloc(4704))],
    );
    expect([...sectors.runsOf(2000, 100)]).toEqual([
      { within: 0, place: 2016, length: 48 },
      { within: 48, place: 2368, length: 52 },
    ]);
    const plain = PlanStream.plain(new FaultySource(Buffer.alloc(100)));
    expect([...plain.runsOf(90, 20)]).toEqual([
      { within: 0, place: 90, length: 10 },
      { within: 10, place: 100, length: 10 },
    ]);
  });
});
