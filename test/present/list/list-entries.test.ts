// Listing: order, faults in their place, and both forms of output.
import { describe, expect, it } from 'vitest';
import { IsodriveError } from '../../../src/base/error.js';
import { CONTENT_CHUNK_BYTES, hashContent } from '../../../src/imaging/hash/hash-content.js';
import { formatLongEntry, formatShortEntry, toJsonEntry } from '../../../src/present/list/format-entry.js';
import { listEntries } from '../../../src/present/list/list-entries.js';
import type { ListOptions } from '../../../src/present/list/list-entries.js';
import { collect } from '../../support/judges/collect.js';
import { memoryImage } from '../../support/fakes/memory-tree.js';
import type { TestNode } from '../../support/fakes/memory-tree.js';

/** As the command line hashes. */
const hashFile: ListOptions['hash'] = (content, signal) =>
  hashContent(content, ['sha256'], new Uint8Array(CONTENT_CHUNK_BYTES), signal);
const HELLO_SHA256 = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

async function listAll(children: readonly TestNode[], options = {}): ReturnType<typeof collectEntries> {
  return collectEntries(await memoryImage(children, options));
}

async function collectEntries(image: Awaited<ReturnType<typeof memoryImage>>) {
  return collect(listEntries(image, 0, { recursive: true, hash: hashFile }));
}

describe('listEntries', () => {
  it('gives parents before their children, and names in byte order', async () => {
    const file = (name: string): TestNode => ({ type: 'file', name, content: '' });
    const entries = await listAll([
      file('b'),
      { type: 'directory', name: 'a', children: [file('z'), file('Z'), file('\u00e9')] },
      file('a-b'),
      file('B'),
    ]);
    const paths = entries.map(({ path }) => Buffer.from(path).toString());
    expect(paths).toEqual(['/', '/B', '/a', '/a/Z', '/a/z', '/a/\u00e9', '/a-b', '/b']);
  });

  it('lists the children of a directory, or the row itself when it is none', async () => {
    const image = await memoryImage([
      { type: 'directory', name: 'd', children: [{ type: 'file', name: 'f', content: 'x' }] },
      { type: 'file', name: 'g', content: 'x' },
    ]);
    const names = async (path: string): Promise<string[]> => {
      const row = await image.index.resolve(path);
      return (await collect(listEntries(image, row, { recursive: false }))).map(formatShortEntry);
    };
    expect(await names('/')).toEqual(['d', 'g']);
    expect(await names('/d')).toEqual(['f']);
    expect(await names('/g')).toEqual(['g']);
  });

  it('carries faults in the entries they concern, and goes on', async () => {
    const fault = new IsodriveError('damaged', 'Records are damaged');
    const entries = await listAll(
      [
        { type: 'directory', name: 'bad', fault },
        { type: 'file', name: 'cut', extents: [{ offset: 1_000_000, length: 5 }] },
        { type: 'file', name: 'fine', content: 'hello' },
        { type: 'file', name: 'scratched', extents: [{ offset: 100, length: 10 }] },
      ],
      { badByte: 105 },
    );
    const shown = entries.map((entry) => [formatShortEntry(entry), entry.error?.code, entry.digests?.sha256]);
    expect(shown).toEqual([
      ['/', undefined, undefined],
      ['/bad', 'damaged', undefined],
      ['/cut', 'damaged', undefined],
      ['/fine', undefined, HELLO_SHA256],
      ['/scratched', 'image-unreadable', undefined],
    ]);
  });

  it('hashes many small files with few reads of the image', async () => {
    const image = await memoryImage(
      Array.from({ length: 500 }, (_, i) => ({
        type: 'file' as const,
        name: `f${i}`,
        content: `content ${i}`,
      })),
    );
    const entries = await collectEntries(image);
    expect(entries.filter(({ digests }) => digests !== undefined)).toHaveLength(500);
    expect((image.source as unknown as { reads: number }).reads).toBeLessThan(5);
  });

  it('goes down a thousand directories', async () => {
    let node: TestNode = { type: 'file', name: 'leaf', content: 'x' };
    for (let depth = 0; depth < 1000; depth += 1) node = { type: 'directory', name: 'd', children: [node] };
    const entries = await listAll([node]);
    expect(entries).toHaveLength(1002);
    expect(entries.at(-1)?.path).toEqual(Uint8Array.from(Buffer.from(`${'/d'.repeat(1000)}/leaf`)));
  });

  it('stops with "cancelled" when it is aborted on the way', async () => {
    const abort = new AbortController();
    const image = await memoryImage([{ type: 'file', name: 'a', content: '' }]);
    const entries = listEntries(image, 0, { recursive: true, signal: abort.signal });
    await entries.next();
    abort.abort();
    await expect(entries.next()).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('toJsonEntry', () => {
  it('writes every field of the contract in its form', async () => {
    const entries = await listAll([
      {
        type: 'file',
        name: 'a',
        content: 'hello',
        mode: 0o4640,
        userId: 7,
        groupId: 8,
        modified: [1_000_000_000, 50],
      },
      { type: 'symlink', name: 'b', target: '../x', mode: 0o777 },
      { type: 'block', name: 'c', device: [8, 1] },
      { type: 'file', name: 'd', content: '', links: 3, modified: [-1, 0] },
    ]);
    const common = { uid: 0, gid: 0, size: 0, nlink: 1, mtime: '2023-11-14T22:13:20Z' };
    expect(entries.map(toJsonEntry)).toEqual([
      { path: '/', type: 'directory', mode: '0755', ...common },
      {
        path: '/a',
        type: 'file',
        mode: '4640',
        ...{ uid: 7, gid: 8, size: 5, nlink: 1 },
        mtime: '2001-09-09T01:46:40.000050Z',
        sha256: HELLO_SHA256,
      },
      { path: '/b', type: 'symlink', mode: '0777', ...common, target: '../x' },
      { path: '/c', type: 'block', mode: '0644', ...common, rdev: '8:1' },
      {
        path: '/d',
        type: 'file',
        mode: '0644',
        ...common,
        nlink: 3,
        mtime: '1969-12-31T23:59:59Z',
        sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      },
    ]);
  });

  it('adds the bytes of a path or target that is not UTF-8', async () => {
    const target = Uint8Array.of(0xfe);
    const [, entry] = await listAll([{ type: 'symlink', name: Uint8Array.of(0x61, 0xff), target }]);
    expect(toJsonEntry(entry!)).toMatchObject({
      path: '/a\ufffd',
      pathBytes: Buffer.from([0x2f, 0x61, 0xff]).toString('base64'),
      target: '\ufffd',
      targetBytes: '/g==',
    });
  });

  it('says why a file cannot be read, in the place of its hash', async () => {
    const [, entry] = await listAll([
      { type: 'file', name: 'a', extents: [{ offset: 9_999_999, length: 1 }] },
    ]);
    const { error, ...rest } = toJsonEntry(entry!);
    expect(error).toContain('image ends at byte 2048');
    expect(rest).not.toHaveProperty('sha256');
  });
});

describe('formatLongEntry', () => {
  it('writes the columns of ls -l', async () => {
    const entries = await listAll([
      { type: 'char', name: 'c', device: [1, 3], mode: 0o666 },
      { type: 'directory', name: 'd', mode: 0o1777, children: [] },
      { type: 'symlink', name: 'l', target: 'x', mode: 0o777 },
      { type: 'socket', name: 's', mode: 0o2605 },
      { type: 'fifo', name: 't', mode: 0o6111, links: 2 },
    ]);
    expect(entries.slice(1).map(formatLongEntry)).toEqual([
      'crw-rw-rw-   1 0     0             1, 3 2023-11-14 22:13:20 /c',
      'drwxrwxrwt   1 0     0                0 2023-11-14 22:13:20 /d',
      'lrwxrwxrwx   1 0     0                0 2023-11-14 22:13:20 /l -> x',
      'srw---Sr-x   1 0     0                0 2023-11-14 22:13:20 /s',
      'p--s--s--x   2 0     0                0 2023-11-14 22:13:20 /t',
    ]);
  });

  it('lets nothing of a disc reach the terminal as a control', async () => {
    const name = '\x1b[31mred\n\u202eb\\\u009b';
    const entries = await listAll([{ type: 'symlink', name, target: name }]);
    const escaped = '\\x1b[31mred\\x0a\\u{202e}b\\\\\\u{9b}';
    expect(formatLongEntry(entries[1]!).endsWith(`/${escaped} -> ${escaped}`)).toBe(true);
  });
});
