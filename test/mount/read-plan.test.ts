// Native code reads by the plan what JavaScript reads by it: random plans, through a real mount, at every boundary.
// The mount is another process's, whose event loop decodes units.
import fc from 'fast-check';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { STREAM, runSegment } from '../../src/disc/read-plan.js';
import type { Segments } from '../../src/disc/read-plan.js';
import { createFuseDriver } from '../../src/mount/fuse/fuse-driver.js';
import { needs } from '../support/needs.js';
import { PlanMounts } from '../support/programs/plan-mounts.js';
import type { PlannedExtent, PlanCounters } from '../support/programs/plan-mounts.js';
import { planModel, randomPlan } from '../support/builders/random-plan.js';
import type { PlanModel, PlannedDisc } from '../support/builders/random-plan.js';

const folder = mkdtempSync(join(tmpdir(), 'isodrive-plan-'));
const mounts = new PlanMounts();
afterAll(async () => {
  await mounts.end();
  rmSync(folder, { recursive: true, force: true });
});
const { available } = await createFuseDriver().check();
const MOUNTPOINT = join(folder, 'mnt');
const ADDED = 'bytes that no disc has';
/** Requests of exactly the bytes that are asked for. */
const DIRECT = constants.O_RDONLY | constants.O_DIRECT;
/** Of decoded units: almost none, a few, all. */
const BUDGETS = [1, 65_536, 33_554_432] as const;

/** Reads through the mount; undefined for EIO. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  } catch (thrown) {
    expect((thrown as NodeJS.ErrnoException).code).toBe('EIO');
    return undefined;
  }
}

async function withMount(
  { bases, segments }: PlannedDisc,
  extents: readonly PlannedExtent[],
  budget: number,
  check: (path: string) => Promise<void>,
  others: readonly Segments[] = [],
): Promise<PlanCounters> {
  await mkdir(MOUNTPOINT, { recursive: true });
  const stored = await Promise.all(
    bases.map(async ({ bytes, units }, i) => {
      const path = join(folder, `base-${i}`);
      await writeFile(path, units === undefined ? bytes : bytes.map((byte) => byte ^ 0xff));
      return { path, size: bytes.length, units };
    }),
  );
  await mounts.mount({ directory: MOUNTPOINT, bases: stored, segments, others, extents, budget });
  let counters: PlanCounters;
  try {
    await check(join(MOUNTPOINT, 'f'));
  } finally {
    counters = await mounts.unmount();
  }
  return counters;
}

async function checkRange(model: PlanModel, file: FileHandle, from: number, length: number): Promise<void> {
  const position = Math.max(0, from);
  const wanted = model.bytes.subarray(position, position + length);
  const got = await readAt(file, position, length);
  if (model.isAbsent(position, position + wanted.length)) expect(got).toBeUndefined();
  else expect(got?.equals(wanted)).toBe(true);
}

describe('native code', needs({ what: 'driver fuse', isThere: available }), () => {
  it('reads by a plan what the plan says, at every boundary and across all of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomPlan(),
        fc.array(fc.nat(60_000), { minLength: 8, maxLength: 8 }),
        fc.constantFrom(...BUDGETS),
        async (disc, places, budget) => {
          const model = planModel(disc);
          fc.pre(model.bytes.length > 0);
          const size = model.bytes.length;
          const ranges = disc.segments.flatMap(({ start, length }) => [
            [start, length],
            [start - 1, 2],
            [start - 3, length + 7],
            [start + length - 1, 40_000],
          ]);
          ranges.push([0, size], ...places.map((place, i) => [place, i % 2 === 0 ? 777 : 50_000]));
          const counters = await withMount(disc, [{ offset: 0, length: size }], budget, async (path) => {
            await using file = await open(path, DIRECT);
            await Promise.all(ranges.map(([from, length]) => checkRange(model, file, from!, length!)));
          });
          if (disc.bases.every(({ units }) => units === undefined)) expect(counters.decodedReads).toBe(0);
          expect(counters.decodedReads).toBeLessThanOrEqual(counters.reads);
          expect(counters.unitBytes).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reads files of several extents in any order, holes, and bytes that are not on the disc', async () => {
    await fc.assert(
      fc.asyncProperty(randomPlan(), fc.nat(1000), async (disc, seed) => {
        const model = planModel(disc);
        // A plan of nothing but gaps has no byte to put into a file.
        fc.pre(model.bytes.length > 0);
        const half = Math.max(1, model.bytes.length >> 1);
        const extents: PlannedExtent[] = [
          { offset: model.bytes.length - half, length: half },
          { added: ADDED, length: ADDED.length },
          { length: 1 + seed },
          ...Array.from({ length: Math.min(half, 300) }, (_, i) => ({ offset: i, length: 1 })),
        ];
        const content = Buffer.concat([
          model.bytes.subarray(model.bytes.length - half),
          Buffer.from(ADDED),
          Buffer.alloc(1 + seed),
          model.bytes.subarray(0, Math.min(half, 300)),
        ]);
        const middle = half + ADDED.length + 1 + seed;
        await withMount(disc, extents, BUDGETS[0], async (path) => {
          await using file = await open(path, DIRECT);
          expect(await readAt(file, half, ADDED.length + seed)).toEqual(
            content.subarray(half, half + ADDED.length + seed),
          );
          for (const i of [0, 1, 7, 150, 298]) {
            const wanted = content.subarray(middle + i, middle + i + 2);
            const got = await readAt(file, middle + i, 2);
            if (model.isAbsent(i, i + wanted.length)) expect(got).toBeUndefined();
            else expect(got?.equals(wanted)).toBe(true);
          }
        });
      }),
      { numRuns: 20 },
    );
  });

  it('reads files of all streams of a disc, each by its own segments', async () => {
    await fc.assert(
      fc.asyncProperty(randomPlan(), fc.nat(30_000), async (disc, pairs) => {
        const model = planModel(disc);
        const size = model.bytes.length;
        fc.pre(size > 0);
        const gap = 2 * pairs;
        const far = disc.segments.map((one) => ({ ...one, start: one.start + gap }));
        const reversed = disc.segments.map((one) => ({ ...one, start: one.start + 2 * size }));
        const extents: PlannedExtent[] = [
          { added: ADDED, length: ADDED.length },
          { stream: STREAM.raw, offset: gap, length: size },
          { stream: STREAM.subchannel, offset: 2 * size, length: size },
          { offset: 0, length: size },
        ];
        const header = ADDED.length;
        const check = async (path: string): Promise<void> => {
          await using file = await open(path, DIRECT);
          expect(await readAt(file, 0, header)).toEqual(Buffer.from(ADDED));
          for (const start of [0, 1, 2].map((i) => header + i * size)) {
            for (const within of [0, size >> 1, size - 1]) {
              const length = Math.min(5000, size - within);
              const got = await readAt(file, start + within, length);
              if (model.isAbsent(within, within + length)) expect(got).toBeUndefined();
              else expect(got?.equals(model.bytes.subarray(within, within + length))).toBe(true);
            }
          }
        };
        await withMount(disc, extents, BUDGETS[1], check, [far, reversed]);
      }),
      { numRuns: 20 },
    );
  });

  it.each(BUDGETS)(
    'gives many readers of units the same bytes, with %d bytes to keep units in',
    async (budget) => {
      const size = 3_000_001;
      const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) * 7) & 0xff));
      const disc = {
        segments: [runSegment(0, size, 0, 0)],
        bases: [{ bytes, units: { unitBytes: 32_768, failing: [] } }],
      };
      const sum = createHash('sha256').update(bytes).digest('hex');
      const counters = await withMount(disc, [{ offset: 0, length: size }], budget, async (path) => {
        const read = [
          ...Array.from({ length: 5 }, () => ['sh', ['-c', 'sha256sum < "$1"', 'sh', path]] as const),
          ...['4k', '100k', '1M'].map(
            (block) =>
              [
                'sh',
                ['-c', `dd if="$1" bs=${block} iflag=direct 2>/dev/null | sha256sum`, 'sh', path],
              ] as const,
          ),
        ];
        const found = await Promise.all(read.map(([program, args]) => promisify(execFile)(program, args)));
        for (const { stdout } of found) expect(stdout.slice(0, 64)).toBe(sum);
      });
      expect(counters.decodedReads).toBeGreaterThan(0);
      expect(counters.unitBytes).toBe(0);
    },
  );
});
