// Seeded mutations of volumes with every structure of HFS, HFS+, FAT and partition tables in them: whatever the bytes
// say, reading ends soon, with entries or with an error of ours.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PseudoRandom } from '../../scripts/support/pseudo-random.js';
import { mustRun } from '../../scripts/support/run-command.js';
import { IsodriveError } from '../../src/base/error.js';
import { listImage } from '../support/judges/index-manifest.js';
import { ROOT, buildHfsPlus, wrapInHfs } from '../support/builders/hfsplus-builder.js';
import { openBytes } from '../support/judges/opened-bytes.js';
import { needs } from '../support/needs.js';
import type { Program } from '../support/needs.js';

const ROUNDS = 150;
const SEED = 20_261_124;
/** Values that lengths, counts and addresses are replaced by. */
const EDGES = [0, 1, 2, 3, 0x7f, 0x80, 0xff];

function hfsPlusVolume(): Buffer {
  const data = Buffer.alloc(20_000, 'data');
  const finderInfo = Buffer.alloc(32);
  finderInfo.write('hlnkhfs+', 'latin1');
  return buildHfsPlus('Mutant', [
    { parent: ROOT, id: 20, name: '\0\0\0\0HFS+ Private Data', isFolder: true },
    { parent: 20, id: 21, name: 'iNode7', data, fragments: 20 },
    { parent: ROOT, id: 22, name: 'link', special: 7, finderInfo },
    { parent: ROOT, id: 23, name: 'folder', isFolder: true },
    { parent: ROOT, id: 24, name: 'symlink', data: Buffer.from('x'), mode: 0o120777 },
    { parent: ROOT, id: 25, name: 'forks', data, resources: data },
    ...Array.from({ length: 30 }, (_, i) => ({ parent: 23, id: 100 + i, name: `file ${i}` })),
  ]);
}

async function inFolder(make: (folder: string, path: string) => Promise<unknown>): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'isodrive-mutations-'));
  try {
    const path = join(folder, 'image');
    await make(folder, path);
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function hfsVolume(): Promise<Buffer> {
  return inFolder(async (folder, path) => {
    await writeFile(path, '');
    await truncate(path, 820 * 1024);
    await writeFile(join(folder, 'file'), Buffer.alloc(3000, 'data'));
    const env = { ...process.env, HOME: folder };
    await mustRun('hformat', ['-l', 'Mutant', path], { env });
    for (let i = 0; i < 12; i += 1)
      await mustRun('hcopy', ['-r', join(folder, 'file'), `:file ${i}`], { env });
    await mustRun('hmkdir', [':folder'], { env });
    await mustRun('humount', [], { env });
  });
}

function fatVolume(): Promise<Buffer> {
  return inFolder(async (folder, path) => {
    await writeFile(path, '');
    await truncate(path, 360 * 1024);
    await writeFile(join(folder, 'file'), Buffer.alloc(3000, 'data'));
    await mustRun('mkfs.vfat', [path]);
    await mustRun('mmd', ['-i', path, '::/folder']);
    for (let i = 0; i < 12; i += 1) {
      await mustRun('mcopy', ['-i', path, join(folder, 'file'), `::/folder/a name that is long ${i}`]);
    }
  });
}

function hybridDisc(): Promise<Buffer> {
  return inFolder(async (folder, path) => {
    await writeFile(join(folder, 'file'), Buffer.alloc(3000, 'data'));
    const args = ['-quiet', '-R', '-hfs', '-part', '-b', 'file', '-no-emul-boot', '-boot-load-size', '1'];
    await mustRun('genisoimage', [...args, '-o', path, '-graft-points', `file=${join(folder, 'file')}`]);
  });
}

function partitionedDisc(): Promise<Buffer> {
  return inFolder(async (_folder, path) => {
    await writeFile(path, hfsPlusVolume());
    await truncate(path, 1024 * 1024);
    await mustRun('sgdisk', ['-a', '1', '-S', '4', '-j', '1000', '-n', '1:1100:1200', path]);
  });
}

/** A few bytes changed, most of them where the image holds anything at all. */
function mutate(bytes: Buffer, used: readonly number[], random: PseudoRandom): Buffer {
  const result = Buffer.from(bytes);
  for (let left = random.between(1, 8); left > 0; left -= 1) {
    const sector = used[random.next() % used.length]!;
    const at = sector * 512 + random.between(0, 511);
    if (at >= result.length) continue;
    result[at] = random.next() % 2 === 0 ? random.next() & 0xff : EDGES[random.next() % EDGES.length]!;
  }
  return result;
}

function usedSectors(bytes: Buffer): number[] {
  const sectors: number[] = [];
  for (let at = 0; at < bytes.length; at += 512) {
    const sector = bytes.subarray(at, at + 512);
    // Not those of file content: what they hold changes nothing.
    if (sector.some((byte) => byte !== 0) && !sector.subarray(0, 64).includes('datadata'))
      sectors.push(at / 512);
  }
  return sectors;
}

const BASES: readonly (readonly [string, readonly Program[], () => Buffer | Promise<Buffer>])[] = [
  ['an HFS+ volume', [], hfsPlusVolume],
  ['an HFS+ volume in an HFS wrapper', [], () => wrapInHfs(hfsPlusVolume())],
  ['an HFS volume', ['hformat'], hfsVolume],
  ['a FAT volume', ['mkfs.vfat', 'mcopy'], fatVolume],
  ['a bootable disc with HFS in a partition', ['genisoimage'], hybridDisc],
  ['an HFS+ volume with a GPT in its boot blocks', ['sgdisk'], partitionedDisc],
];

describe('mutations', () => {
  for (const [name, programs, make] of BASES) {
    it(`of ${name} are read or refused`, needs(...programs), async () => {
      const base = await make();
      const used = usedSectors(base);
      const random = new PseudoRandom(SEED);
      let read = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const mutant = mutate(base, used, random);
        try {
          await using image = await openBytes(mutant, { tree: round % 2 === 0 ? 'all' : 'auto' });
          expect((await listImage(image, { hashLimit: 65_536 })).length).toBeGreaterThan(0);
          read += 1;
        } catch (thrown) {
          if (!(thrown instanceof IsodriveError)) await keep(mutant, name, round);
          expect(thrown).toBeInstanceOf(IsodriveError);
          expect((thrown as IsodriveError).code).not.toBe('internal');
        }
      }
      expect(read).toBeGreaterThan(ROUNDS / 4);
    });
  }
});

/** Leaves a mutant that broke something where whoever mends it finds it; only on request. */
async function keep(bytes: Buffer, name: string, round: number): Promise<void> {
  const folder = process.env.ISODRIVE_MUTANTS;
  if (folder === undefined || !existsSync(folder)) return;
  await writeFile(join(folder, `${name.replaceAll(' ', '-')}-${round}.img`), bytes);
}
