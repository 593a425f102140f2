// Native code reads by the plan what JavaScript reads by it: random plans, through a real mount, at every boundary.
import fc from 'fast-check';
import { constants, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FindingLog } from '../../src/base/finding.js';
import { PlanStream } from '../../src/disc/plan-stream.js';
import { STREAM } from '../../src/disc/read-plan.js';
import { addedExtent } from '../../src/filesystem/file-tree.js';
import type { Extent } from '../../src/filesystem/file-tree.js';
import { DiscIndex } from '../../src/index/disc-index.js';
import { writePlan } from '../../src/index/plan-section.js';
import { createFuseDriver } from '../../src/mount/fuse/fuse-driver.js';
import { LocalImage } from '../../src/mount/local-image.js';
import { FileSource } from '../../src/source/file-source.js';
import { memoryTree } from '../support/memory-tree.js';
import { needs } from '../support/needs.js';
import { planModel, randomPlan } from '../support/random-plan.js';
import type { PlannedDisc } from '../support/random-plan.js';

const folder = mkdtempSync(join(tmpdir(), 'isodrive-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const driver = createFuseDriver();
const { available } = await driver.check();
const MOUNTPOINT = join(folder, 'mnt');
const ADDED = Buffer.from('bytes that no disc has');
/** Requests of exactly the bytes that are asked for. */
const DIRECT = constants.O_RDONLY | constants.O_DIRECT;

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
  disc: PlannedDisc,
  extents: readonly Extent[],
  check: (file: FileHandle, readsInJavaScript: () => number) => Promise<void>,
): Promise<void> {
  const paths = disc.files.map((_, i) => join(folder, `base-${i}`));
  await Promise.all(paths.map((path, i) => writeFile(path, disc.files[i]!)));
  const sources = await Promise.all(paths.map((path) => FileSource.open(path)));
  const memory = driver.createMemory();
  await mkdir(MOUNTPOINT, { recursive: true });
  try {
    const data = new PlanStream('planned', disc.segments, sources);
    const { native } = data;
    writePlan(memory.plan!, {
      files: native!.sizes,
      units: native!.units,
      streams: new Map([[STREAM.data, native!.segments]]),
    });
    const tree = memoryTree([{ type: 'file', name: 'f', extents }], data.size);
    const index = await DiscIndex.open(tree, memory, new FindingLog(), 'planned');
    const image = new LocalImage({ index, data });
    const request = { directory: MOUNTPOINT, sourceName: 'planned', label: '', allowOther: false };
    const mount = await driver.mount({ ...request, image });
    try {
      await using file = await open(join(MOUNTPOINT, 'f'), DIRECT);
      await check(file, () => mount.counters?.decodedReads ?? 0);
    } finally {
      await mount.unmount({ lazy: true });
      await mount.ended;
    }
  } finally {
    await Promise.all(sources.map((source) => source[Symbol.asyncDispose]()));
    await Promise.all(paths.map((path) => rm(path)));
  }
}

describe('native code', needs({ what: 'driver fuse', isThere: available }), () => {
  it('reads by a plan what the plan says, at every boundary and across all of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomPlan(),
        fc.array(fc.nat(60_000), { minLength: 8, maxLength: 8 }),
        async (disc, places) => {
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
          await withMount(disc, [{ offset: 0, length: size }], async (file, decodedReads) => {
            for (const [from, length] of ranges) {
              const position = Math.max(0, from!);
              const wanted = model.bytes.subarray(position, position + length!);
              const got = await readAt(file, position, length!);
              if (model.isAbsent(position, position + wanted.length)) expect(got).toBeUndefined();
              else expect(got?.equals(wanted)).toBe(true);
            }
            expect(decodedReads()).toBe(0);
          });
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
        const extents: Extent[] = [
          { offset: model.bytes.length - half, length: half },
          addedExtent(ADDED),
          { offset: undefined, length: 1 + seed },
          ...Array.from({ length: Math.min(half, 300) }, (_, i) => ({ offset: i, length: 1 })),
        ];
        const content = Buffer.concat([
          model.bytes.subarray(model.bytes.length - half),
          ADDED,
          Buffer.alloc(1 + seed),
          model.bytes.subarray(0, Math.min(half, 300)),
        ]);
        const middle = half + ADDED.length + 1 + seed;
        await withMount(disc, extents, async (file) => {
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
});
