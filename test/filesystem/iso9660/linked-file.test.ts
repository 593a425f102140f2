// Which records of Rock Ridge are names of one file: st_ino is how programs that copy (cp -a, tar, rsync -H) tell.
import { describe, expect, it } from 'vitest';
import { field, join, nm, px } from '../../support/builders/iso-builder.js';
import type { RecordSpec } from '../../support/builders/iso-builder.js';
import { openBytes } from '../../support/judges/opened-bytes.js';
import { zf } from '../../support/builders/zisofs-builder.js';
import { FILE, pxSerial, rockRidge } from '../../support/builders/rock-ridge-builder.js';

const MORE = 0x80;
const SECTOR = 2048;

/** TF with modification, access and attribute change, as records have dates: 2020-06-DAY. */
function times(modified: number, accessed: number, changed: number): Uint8Array {
  const days = [modified, accessed, changed].map((day) => Uint8Array.of(120, 6, day, 0, 0, 0, 0));
  return field('TF', 0x0e, ...days);
}

function sections(name: string, parts: readonly (readonly [number, number])[], serial = 9): RecordSpec[] {
  return parts.map(([extent, size], i) => ({
    ...{ name: `${name}.;1`, extent, size, flags: i < parts.length - 1 ? MORE : 0 },
    systemUse: join(pxSerial(FILE, 2, serial), nm(name)),
  }));
}

async function readFiles(root: readonly RecordSpec[]) {
  await using image = await openBytes(rockRidge(root));
  const { first, count } = await image.index.children(0);
  return Array.from({ length: count }, (_, i) => image.index.node(first + i));
}

async function inodesOf(root: readonly RecordSpec[]): Promise<number[]> {
  return (await readFiles(root)).map(({ inode }) => inode);
}

describe('Files of several sections', () => {
  const long = [
    [30, SECTOR],
    [40, 100],
  ] as const;

  it('are one file where all sections are the same', async () => {
    const [a, b] = await inodesOf([...sections('A', long), ...sections('B', long)]);
    expect(a).toBe(b);
  });

  it('are other files than those that share only the first section, the last, or some of them', async () => {
    const inodes = await inodesOf([
      ...sections('A', long),
      ...sections('B', [long[0], [50, 100]]),
      ...sections('C', [long[0], [40, 101]]),
      ...sections('D', [[36, SECTOR], long[1]]),
      ...sections('E', [long[0]]),
      ...sections('F', [long[1]]),
      ...sections('G', [long[0], [44, SECTOR], long[1]]),
    ]);
    expect(new Set(inodes).size).toBe(7);
  });
});

describe('Names of one file', () => {
  const named = (name: string, ...use: Uint8Array[]): RecordSpec => ({
    ...{ name: `${name}.;1`, extent: 30, size: 100 },
    systemUse: join(nm(name), ...use),
  });

  it('differ in nothing that a file has once: mode, owner, group, links, and both times of change', async () => {
    const inodes = await inodesOf([
      named('A', px(FILE, 2), times(1, 1, 1)),
      named('B', px(FILE & ~0o44, 2), times(1, 1, 1)),
      named('C', px(FILE, 3), times(1, 1, 1)),
      named('D', px(FILE, 2, 1000), times(1, 1, 1)),
      named('E', px(FILE, 2, 0, 1000), times(1, 1, 1)),
      named('F', px(FILE, 2), times(2, 1, 1)),
      named('G', px(FILE, 2), times(1, 1, 2)),
    ]);
    expect(new Set(inodes).size).toBe(7);
  });

  it('are decoded in the same way, or not at all', async () => {
    const coded = (size: number): Buffer => zf({ version: 1, algorithm: 'zlib', blockShift: 15 }, size);
    const inodes = await inodesOf([
      named('A', px(FILE, 2)),
      named('B', px(FILE, 2), coded(60_000)),
      named('C', px(FILE, 2), coded(60_000)),
      named('D', px(FILE, 2), coded(60_001)),
    ]);
    expect(inodes[1]).toBe(inodes[2]);
    expect(new Set(inodes).size).toBe(3);
  });

  it('have one time of access, that of modification, as bsdtar records one for each name', async () => {
    const [a, b] = await readFiles([
      named('A', px(FILE, 2), times(1, 5, 1)),
      named('B', px(FILE, 2), times(1, 7, 1)),
    ]);
    expect(a!.inode).toBe(b!.inode);
    expect(a!.accessed).toEqual(b!.accessed);
    expect(a!.accessed).toEqual(a!.modified);
  });

  it('keep their own time of access where a file has one name', async () => {
    const [a] = await readFiles([named('A', px(FILE, 1), times(1, 5, 1))]);
    expect(a!.accessed.seconds - a!.modified.seconds).toBe(4 * 86_400);
  });
});
