// UDF as mkudffs makes it for every kind of medium and every revision, filled by Linux's own udf in a virtual machine,
// read back equal to what was written.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { PseudoRandom } from '../../scripts/support/pseudo-random.js';
import { openImage } from '../../src/image/open-image.js';
import { GUEST_TEST_TIME, GUEST_NEEDS, findGuestKernel } from '../support/machines/guest.js';
import { listImage } from '../support/judges/index-manifest.js';
import { compareEntries, escapeBytes } from '../support/judges/manifest.js';
import type { ManifestEntry } from '../support/judges/manifest.js';
import { buildTar } from '../support/builders/tar-builder.js';
import type { TarMember } from '../support/builders/tar-builder.js';
import { fillImages } from '../support/machines/udf-guest.js';
import { needs } from '../support/needs.js';

const kernel = findGuestKernel();

/**
 * Medium, revision, block size, what Linux does with it, further options. "mo" and "worm" are left out: mkudffs 2.3
 * finds "not enough blocks" for them at any size.
 */
const MEDIA: readonly (readonly [string, string, number, 'filled' | 'read-only' | 'refused', ...string[]])[] =
  [
    ['hd', '1.01', 2048, 'filled'],
    ['hd', '1.02', 512, 'filled'],
    ['hd', '1.50', 1024, 'filled'],
    ['hd', '2.00', 2048, 'filled', '--space=unalloctable'],
    ['hd', '2.01', 4096, 'filled'],
    ['hd', '2.01', 2048, 'filled', '--ad=long'],
    ['hd', '2.01', 2048, 'filled', '--strategy=4096'],
    ['dvd', '1.02', 2048, 'read-only'],
    ['dvdram', '2.00', 2048, 'filled'],
    ['cd', '1.02', 2048, 'read-only'],
    ['dvdrw', '2.00', 2048, 'filled'],
    ['cdrw', '1.50', 2048, 'filled'],
    ['cdr', '1.50', 2048, 'refused'],
    ['dvdr', '2.01', 2048, 'read-only'],
    ['bdr', '2.50', 2048, 'read-only'],
    ['bdr', '2.60', 2048, 'read-only', '--closed'],
  ];
/** Kinds of partitions where there is not one physical one. */
const PARTITIONS: Readonly<Record<string, readonly string[]>> = {
  dvdrw: ['sparable'],
  cdrw: ['sparable'],
  cdr: ['physical', 'virtual'],
  dvdr: ['physical', 'virtual'],
  bdr: ['physical', 'virtual'],
};
const IMAGE_BYTES = 48 * 1024 * 1024;
const TIME = 1_600_000_000;
/** What is there before anything is written; the last one is hidden, and Linux does not list it. */
const MADE_BY_MKUDFFS = ['/', '/lost+found', '/Non-Allocatable Space'];

function content(bytes: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  new PseudoRandom(bytes + 1).fill(words);
  return new Uint8Array(words.buffer, 0, bytes);
}

const MEMBERS: readonly TarMember[] = [
  { type: 'd', path: 'folder', mode: 0o750, userId: 1000, groupId: 100 },
  { type: 'd', path: 'folder/deep', mode: 0o1777 },
  { type: 'f', path: 'empty', mode: 0o600 },
  { type: 'f', path: 'folder/inside', content: content(700), userId: 1000, groupId: 100 },
  { type: 'f', path: 'folder/deep/block', content: content(2048), mode: 0o4755 },
  { type: 'f', path: 'large', content: content(3_000_001), modified: 1 },
  { type: 'f', path: 'na\u00efve', content: content(5) },
  { type: 'f', path: '\u65e5\u672c\u8a9e', content: content(6) },
  { type: 'h', path: 'folder/again', target: 'large' },
  { type: 'l', path: 'link', target: 'folder/deep/block' },
  { type: 'l', path: 'absolute', target: '/usr/bin/../x' },
  { type: 'c', path: 'null', mode: 0o666, device: [1, 3] },
  { type: 'b', path: 'disk', mode: 0o660, device: [8, 17] },
  { type: 'p', path: 'pipe', mode: 0o644 },
  { type: 'd', path: 'many', mode: 0o755 },
  ...Array.from({ length: 300 }, (_, index): TarMember => {
    return { type: 'f', path: `many/entry number ${index}`, content: content(index % 9) };
  }),
];

/** Times of directories and links are those of the unpacking. */
function comparable(entry: ManifestEntry): ManifestEntry {
  return entry.type === 'd' || entry.type === 'l' ? { ...entry, modified: 0 } : entry;
}

function expectedEntries(): ManifestEntry[] {
  return MEMBERS.map((member) => {
    const original = member.type === 'h' ? MEMBERS.find(({ path }) => path === member.target)! : member;
    const isLinked = MEMBERS.some(({ type, target }) => type === 'h' && target === original.path);
    const data = original.content ?? new Uint8Array();
    return comparable({
      type: original.type as ManifestEntry['type'],
      mode: original.type === 'l' ? 0o777 : (original.mode ?? 0o644),
      userId: original.userId ?? 0,
      groupId: original.groupId ?? 0,
      size: original.type === 'l' ? original.target!.length : data.length,
      modified: original.modified ?? TIME,
      links: isLinked ? 2 : 1,
      path: `/${escapeBytes(Buffer.from(member.path))}`,
      ...(original.type === 'l' ? { target: original.target! } : {}),
      ...(original.device === undefined ? {} : { device: original.device.join(',') }),
      ...(original.type === 'f' ? { sha256: createHash('sha256').update(data).digest('hex') } : {}),
    });
  });
}

describe('UDF that Linux filled (needs mkudffs, QEMU and a kernel)', needs(...GUEST_NEEDS, 'mkudffs'), () => {
  let folder: string;
  let results: string[] = [];
  const images = (): string[] => MEDIA.map((_, index) => join(folder, `medium-${index}.img`));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-media-'));
    for (const [index, [medium, revision, blockSize, , ...options]] of MEDIA.entries()) {
      const blocks = String(IMAGE_BYTES / blockSize);
      const image = images()[index]!;
      const kind = [`--media-type=${medium}`, `--udfrev=${revision}`, `--blocksize=${blockSize}`];
      await mustRun('mkudffs', ['--new-file', ...kind, ...options, image, blocks]);
    }
    const members = MEMBERS.map((member) => ({ modified: TIME, ...member }));
    results = await fillImages(kernel!, images(), buildTar(members), folder);
  }, GUEST_TEST_TIME);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(
    MEDIA.map(([medium, revision, blockSize, , ...options], index) => {
      return [[medium, revision, blockSize, ...options].join(' '), index] as const;
    }),
  )('is read back equal: %s', async (_, index) => {
    const [medium, revision, blockSize, wanted] = MEDIA[index]!;
    expect(results[index]).toBe(wanted);
    await using image = await openImage(images()[index]!);
    const isOwn = ({ path }: ManifestEntry): boolean => !MADE_BY_MKUDFFS.includes(path);
    const actual = (await listImage(image, { hashLimit: IMAGE_BYTES })).filter(isOwn).map(comparable);
    const expected = wanted === 'filled' ? expectedEntries() : [];
    expect(compareEntries(expected, actual, { attributes: true })).toEqual([]);
    expect(image.tree).toMatchObject({ kind: 'udf', blockSize });
    expect(image.volume.udf?.revision).toBe(revision);
    expect(image.volume.udf?.partitions).toEqual(PARTITIONS[medium] ?? ['physical']);
  });
});
