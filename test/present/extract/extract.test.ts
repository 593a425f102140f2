// Extraction: what reaches the disk, and above all what never may.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IsodriveError } from '../../../src/base/error.js';
import { extract } from '../../../src/present/extract/extract.js';
import type { ExtractProgress } from '../../../src/present/extract/extract-log.js';
import { TargetDirectory } from '../../../src/present/extract/target-directory.js';
import { memoryImage } from '../../support/fakes/memory-tree.js';
import { needs } from '../../support/needs.js';

const canHoldAttributes = holdsAttributes();
let folder: string;
let out: string;

/** Whether the programs are there and the folder for temporary files takes attributes of users. */
function holdsAttributes(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'isodrive-attributes-'));
  try {
    execFileSync('setfattr', ['-n', 'user.probe', '-v', 'x', probe], { stdio: 'ignore' });
    execFileSync('getfattr', ['-d', probe], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true });
  }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isodrive-extract-'));
  out = join(folder, 'out');
});
afterEach(() => {
  execFileSync('chmod', ['-R', 'u+rwx', folder]);
  rmSync(folder, { recursive: true, force: true });
});

describe('extract', () => {
  it(
    'sets extended attributes of users where that is asked for',
    needs({ what: 'a file system with extended attributes', isThere: canHoldAttributes }),
    async () => {
      const attributes = [
        ['user.colour', Buffer.from('blue')],
        ['user.empty', Buffer.alloc(0)],
        ['user.binary', Buffer.of(0, 255, 10)],
        ['system.posix_acl_access', Buffer.from('not for this machine')],
      ] as const;
      const read = await memoryImage([
        { type: 'file', name: 'f', content: 'x', mode: 0o444, modified: [1_000_000, 5], attributes },
        { type: 'directory', name: 'd', mode: 0o555, children: [], attributes: attributes.slice(0, 1) },
      ]);
      const namesOf = (name: string): string[] =>
        execFileSync('getfattr', ['-d', '-m', '-', '-e', 'hex', '--absolute-names', join(out, name)])
          .toString()
          .split('\n')
          .filter((line) => line.includes('='))
          .sort();
      expect((await extract(read, { rows: [0], directory: out })).failures).toEqual([]);
      expect(namesOf('f')).toEqual([]);
      rmSync(out, { recursive: true });
      const options = { rows: [0], directory: out, attributes: true, preserve: true };
      expect((await extract(read, options)).failures).toEqual([]);
      expect(namesOf('f')).toEqual(['user.binary=0x00ff0a', 'user.colour=0x626c7565', 'user.empty=0x']);
      expect(namesOf('d')).toEqual(['user.colour=0x626c7565']);
      expect([modeOf('f'), modeOf('d'), microsecondsOf('f')]).toEqual([0o444, 0o555, 1_000_000_000_005n]);
    },
  );

  it(
    'tells an attribute that the target refuses, and goes on',
    needs({ what: 'a file system with extended attributes', isThere: canHoldAttributes }),
    async () => {
      const read = await memoryImage([
        {
          ...{ type: 'file', name: 'f', content: 'content', mode: 0o640 },
          attributes: [[`user.${'n'.repeat(300)}`, Buffer.from('x')]],
        },
        { type: 'file', name: 'g', content: 'more', mode: 0o644 },
      ]);
      const summary = await extract(read, { rows: [0], directory: out, attributes: true });
      expect(summary.failures.map(({ path, error }) => [path, error.code])).toEqual([['/f', 'partial']]);
      expect([readFileSync(join(out, 'f'), 'utf8'), modeOf('f')]).toEqual(['content', 0o640]);
      expect(readFileSync(join(out, 'g'), 'utf8')).toBe('more');
    },
  );

  it('tells once that the target takes no attributes', needs('root'), async () => {
    const attributes = [['user.a', Buffer.from('x')]] as const;
    const read = await memoryImage(
      ['f', 'g'].map((name) => ({ type: 'file', name, content: name, mode: 0o644, attributes })),
    );
    mkdirSync(out);
    // A file system of the kernel's own, without attributes.
    execFileSync('mount', ['-t', 'ramfs', 'ramfs', out]);
    try {
      const summary = await extract(read, { rows: [0], directory: join(out, 'x'), attributes: true });
      expect(summary.failureCount).toBe(1);
      expect(summary.failures[0]?.error.message).toContain('target takes none');
      expect(readFileSync(join(out, 'x', 'g'), 'utf8')).toBe('g');
    } finally {
      execFileSync('umount', [out]);
    }
  });

  it('keeps content, modes, times to the microsecond, and targets', async () => {
    const image = await memoryImage(
      [
        { type: 'file', name: 'a', content: 'hello', mode: 0o640, modified: [1_234_567_890, 654_321] },
        { type: 'symlink', name: 'l', target: '../../etc/passwd', modified: [1_000_000_000, 1] },
        {
          type: 'directory',
          name: 'd',
          mode: 0o555,
          modified: [999_999_999, 999_999],
          children: [{ type: 'file', name: 'empty', content: '', mode: 0o400 }],
        },
      ],
      { root: { mode: 0o750, modified: [1_111_111_111, 0] } },
    );
    const summary = await extract(image, { rows: [0], directory: out, preserve: true });
    expect(summary.failures).toEqual([]);
    expect(summary).toMatchObject({ files: 2, directories: 2, symlinks: 1, bytes: 5 });
    expect(readFileSync(join(out, 'a'), 'utf8')).toBe('hello');
    expect(modeOf('a')).toBe(0o640);
    expect(microsecondsOf('a')).toBe(1_234_567_890_654_321n);
    expect(readlinkSync(join(out, 'l'))).toBe('../../etc/passwd');
    expect(microsecondsOf('l')).toBe(1_000_000_000_000_001n);
    expect(modeOf('d')).toBe(0o555);
    expect(microsecondsOf('d')).toBe(999_999_999_999_999n);
    expect(modeOf('d/empty')).toBe(0o400);
    expect(modeOf('.')).toBe(0o750);
    expect(microsecondsOf('.')).toBe(1_111_111_111_000_000n);
  });

  it('keeps times before 1970 to the microsecond', async () => {
    const image = await memoryImage([
      { type: 'file', name: 'old', content: 'x', modified: [-86_400, 250_001] },
      { type: 'file', name: 'whole', content: 'x', modified: [-86_400, 0] },
      { type: 'symlink', name: 'link', target: 'x', modified: [-2_000_000_000, 999_999] },
      { type: 'directory', name: 'folder', modified: [-1, 1], children: [] },
    ]);
    await extract(image, { rows: [0], directory: out });
    expect(microsecondsOf('old')).toBe(-86_399_749_999n);
    expect(microsecondsOf('whole')).toBe(-86_400_000_000n);
    expect(microsecondsOf('link')).toBe(-1_999_999_999_000_001n);
    expect(microsecondsOf('folder')).toBe(-999_999n);
  });

  it('leaves the attributes of a directory that was there before', async () => {
    mkdirSync(out, { mode: 0o700 });
    const image = await memoryImage([{ type: 'file', name: 'a', content: 'x' }], { root: { mode: 0o555 } });
    await extract(image, { rows: [0], directory: out });
    expect(modeOf('.')).toBe(0o700);
  });

  it('makes hard links of files that share an inode, and copies when they differ', async () => {
    const shared = { type: 'file', links: 3, inode: 77, extents: [{ offset: 0, length: 100 }] } as const;
    const image = await memoryImage([
      { ...shared, name: 'a' },
      { ...shared, name: 'b' },
      { ...shared, name: 'c', mode: 0o600 },
    ]);
    const summary = await extract(image, { rows: [0], directory: out });
    expect(summary).toMatchObject({ files: 2, hardLinks: 1, bytes: 200 });
    expect(inodeOf('a')).toBe(inodeOf('b'));
    expect(inodeOf('a')).not.toBe(inodeOf('c'));
  });

  it('never writes through a symlink that stands in the target', async () => {
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'victim'), 'untouched');
    mkdirSync(out);
    symlinkSync(outside, join(out, 'd'));
    symlinkSync(join(outside, 'victim'), join(out, 'f'));
    const image = await memoryImage([
      { type: 'directory', name: 'd', children: [{ type: 'file', name: 'victim', content: 'evil' }] },
      { type: 'file', name: 'f', content: 'new' },
    ]);
    const summary = await extract(image, { rows: [0], directory: out, existing: 'overwrite' });
    expect(summary.failures).toEqual([]);
    expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('untouched');
    expect(readdirSync(outside)).toEqual(['victim']);
    expect(lstatSync(join(out, 'd')).isDirectory()).toBe(true);
    expect(readFileSync(join(out, 'f'), 'utf8')).toBe('new');
  });

  it('never writes through a symlink that it has extracted itself', async () => {
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    const image = await memoryImage([
      { type: 'symlink', name: 'x', target: outside },
      { type: 'directory', name: 'x', children: [{ type: 'file', name: 'evil', content: 'evil' }] },
    ]);
    await extract(image, { rows: [0], directory: out });
    expect(readdirSync(outside)).toEqual([]);
    // The index has made the names unique, so both are there.
    expect(readdirSync(out).sort()).toEqual(['x', 'x~2']);
  });

  it('refuses names that are none, whoever lets them through', () => {
    const target = new TargetDirectory(Buffer.from(out), false);
    for (const name of ['', '.', '..', 'a/b', '/', 'a\0b']) {
      expect(() => target.child(Buffer.from(name))).toThrow(RangeError);
    }
    expect(target.child(Buffer.from('...')).toString()).toBe(`${out}/...`);
  });

  it('replaces files that are there, and a directory only when it is empty', async () => {
    mkdirSync(join(out, 'f'), { recursive: true });
    mkdirSync(join(out, 'g'));
    writeFileSync(join(out, 'g', 'mine'), 'keep');
    writeFileSync(join(out, 'h'), 'old and longer');
    chmodSync(join(out, 'h'), 0o400);
    const image = await memoryImage(['f', 'g', 'h'].map((name) => ({ type: 'file', name, content: name })));
    const summary = await extract(image, { rows: [0], directory: out, existing: 'overwrite' });
    expect(summary.failures.map(({ path, error }) => [path, error.code])).toEqual([['/g', 'busy']]);
    expect(readFileSync(join(out, 'f'), 'utf8')).toBe('f');
    expect(readFileSync(join(out, 'g', 'mine'), 'utf8')).toBe('keep');
    expect(readFileSync(join(out, 'h'), 'utf8')).toBe('h');
  });

  it('keeps names that are not UTF-8', async () => {
    const name = Uint8Array.of(0x61, 0xff, 0x0a, 0x62);
    const image = await memoryImage([{ type: 'file', name, content: 'x' }]);
    await extract(image, { rows: [0], directory: out });
    expect(readdirSync(Buffer.from(out), { encoding: 'buffer' })).toEqual([Buffer.from(name)]);
  });

  it('reports what cannot be read, keeps the readable part, and goes on', async () => {
    const fault = new IsodriveError('damaged', 'Cannot list it: records are damaged');
    const big = new Uint8Array(2_500_000).fill(7);
    const image = await memoryImage(
      [
        { type: 'file', name: 'a', content: big },
        { type: 'directory', name: 'd', fault },
        { type: 'file', name: 'e', extents: [{ offset: 2048 + 2_400_000, length: 1_000_000 }] },
        { type: 'file', name: 'z', content: 'fine' },
      ],
      { badByte: 2048 + 2_300_000 },
    );
    const summary = await extract(image, { rows: [0], directory: out });
    expect(summary.failureCount).toBe(3);
    expect(summary.failures.map(({ path, error }) => [path, error.code])).toEqual([
      ['/a', 'image-unreadable'],
      ['/d', 'damaged'],
      ['/e', 'damaged'],
    ]);
    expect(lstatSync(join(out, 'a')).size).toBe(2 * 1_048_576);
    expect(readFileSync(join(out, 'z'), 'utf8')).toBe('fine');
  });

  it('leaves holes of large files on the disk as holes', async () => {
    const size = 1_073_741_824;
    const extents = [
      { offset: 2048, length: 4 },
      { offset: undefined, length: size },
      { offset: 2052, length: 4 },
      { offset: undefined, length: size },
    ];
    const image = await memoryImage([
      { type: 'file', name: 'data', content: 'headtail' },
      { type: 'file', name: 'holes', extents },
    ]);
    await extract(image, { rows: [0], directory: out });
    const { size: found, blocks } = lstatSync(join(out, 'holes'));
    expect(found).toBe(2 * size + 8);
    expect(blocks).toBeLessThan(1000);
    const tail = execFileSync(
      'dd',
      [`if=${join(out, 'holes')}`, `skip=${4 + size}`, 'count=4', 'iflag=skip_bytes,count_bytes'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    expect(tail.toString()).toBe('tail');
  });

  it('extracts selected rows below their whole path', async () => {
    const image = await memoryImage([
      {
        type: 'directory',
        name: 'd',
        mode: 0o711,
        children: [
          { type: 'file', name: 'a', content: 'a' },
          {
            type: 'directory',
            name: 'e',
            mode: 0o500,
            children: [{ type: 'file', name: 'b', content: 'b' }],
          },
        ],
      },
      { type: 'file', name: 'f', content: 'f' },
    ]);
    const row = await image.index.resolve('/d/e/b');
    const summary = await extract(image, { rows: [row], directory: out });
    expect(summary.failures).toEqual([]);
    expect(execFileSync('find', ['-printf', '%P %m\n'], { cwd: out }).toString().split('\n').sort()).toEqual(
      expect.arrayContaining(['d 711', 'd/e 700', 'd/e/b 644']),
    );
    expect(existsSync(join(out, 'f'))).toBe(false);
    expect(existsSync(join(out, 'd/a'))).toBe(false);
  });

  it('reports progress that ends at the total, and its rate', async () => {
    const seen: ExtractProgress[] = [];
    const image = await memoryImage([{ type: 'file', name: 'a', content: new Uint8Array(5_000_000) }]);
    await extract(image, { rows: [0], directory: out, onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({
      bytesDone: 5_000_000,
      bytesTotal: 5_000_000,
      entriesDone: 2,
      entriesTotal: 2,
    });
    expect(seen.at(-1)?.bytesPerSecond).toBeGreaterThan(0);
  });

  it('stops with "cancelled" when it is aborted', async () => {
    const image = await memoryImage([{ type: 'file', name: 'a', content: 'a' }]);
    const signal = AbortSignal.abort();
    await expect(extract(image, { rows: [0], directory: out, signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('says what is wrong with a target that is a file', async () => {
    writeFileSync(out, '');
    const image = await memoryImage([]);
    await expect(extract(image, { rows: [0], directory: out })).rejects.toMatchObject({ code: 'usage' });
  });

  it('counts sockets, which nobody misses, and calls nothing wrong', async () => {
    const image = await memoryImage([{ type: 'socket', name: 's' }]);
    const summary = await extract(image, { rows: [0], directory: out });
    expect(summary).toMatchObject({ failures: [], sockets: 1, specials: 0 });
  });

  it('keeps owners, setuid bits, devices and fifos as root', needs('root'), async () => {
    const image = await memoryImage([
      { type: 'file', name: 'su', content: 'x', mode: 0o4755, userId: 1234, groupId: 5678 },
      { type: 'char', name: 'null', device: [1, 3], mode: 0o666, modified: [1_000_000_000, 0] },
      { type: 'block', name: 'blk', device: [259, 70_000], mode: 0o600, userId: 7 },
      { type: 'fifo', name: 'pipe', mode: 0o4622 },
      { type: 'symlink', name: 'l', target: 'su', userId: 99, groupId: 98 },
    ]);
    const summary = await extract(image, { rows: [0], directory: out });
    expect(summary.failures).toEqual([]);
    expect(lstatSync(join(out, 'su'))).toMatchObject({ uid: 1234, gid: 5678 });
    expect(modeOf('su')).toBe(0o4755);
    const list = execFileSync('stat', ['-c', '%F %t:%T %a', 'null', 'blk', 'pipe'], { cwd: out }).toString();
    expect(list).toBe('character special file 1:3 666\nblock special file 103:11170 600\nfifo 0:0 4622\n');
    expect(microsecondsOf('null')).toBe(1_000_000_000_000_000n);
    expect(lstatSync(join(out, 'l'))).toMatchObject({ uid: 99, gid: 98 });
  });

  it('makes devices and fifos below a path that is not UTF-8', needs('root'), async () => {
    const name = Uint8Array.of(0x64, 0xff);
    const image = await memoryImage([
      {
        ...{ type: 'directory', name, mode: 0o755 },
        children: [
          { type: 'char', name: 'null', device: [1, 3], mode: 0o666 },
          { type: 'fifo', name: Uint8Array.of(0xfe), mode: 0o600 },
        ],
      },
    ]);
    const summary = await extract(image, { rows: [0], directory: out });
    expect(summary).toMatchObject({ failures: [], specials: 2 });
    const inside = Buffer.concat([Buffer.from(`${out}/`), name]);
    expect(readdirSync(inside, { encoding: 'buffer' })).toHaveLength(2);
    const [device] = readdirSync(inside, { withFileTypes: true }).filter((entry) => entry.name === 'null');
    expect(device?.isCharacterDevice()).toBe(true);
  });
});

function modeOf(name: string): number {
  return lstatSync(join(out, name)).mode & 0o7777;
}

function microsecondsOf(name: string): bigint {
  const { mtimeNs } = lstatSync(join(out, name), { bigint: true });
  // Floor division: times before 1970 are negative.
  return mtimeNs >= 0n || mtimeNs % 1000n === 0n ? mtimeNs / 1000n : mtimeNs / 1000n - 1n;
}

function inodeOf(name: string): number {
  return lstatSync(join(out, name)).ino;
}
