// What a UDF volume says of its files: corner cases U6, U7 and U10, built by hand.
import { describe, expect, it } from 'vitest';
import { MAX_ICB_NESTING } from '../../../src/filesystem/udf/icb-reader.js';
import { MAX_BROKEN_PLACES } from '../../../src/filesystem/udf/directory-walker.js';
import { FileReader } from '../../../src/image/file-reader.js';
import { RowExtents } from '../../../src/index/row-extents.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import {
  EXPECTED_TIME,
  FREE_BLOCK,
  buildUdf,
  directory,
  directoryData,
  fileEntry,
  identifier,
  longExtent,
  shortExtent,
  tagged,
  textFile,
  withFile,
} from '../../../scripts/support/udf-builder.js';

const FILE = FREE_BLOCK;

async function readFile(image: OpenedImage, path: string): Promise<Buffer> {
  const row = await image.index.resolve(path);
  const { size } = image.index.node(row);
  const bytes = Buffer.alloc(size);
  await new FileReader(image.source, new RowExtents(image.index.table, row), size).read(bytes, 0);
  return bytes;
}

function block(fill: string): Uint8Array {
  return Buffer.alloc(2048, fill);
}

describe('U6: a file', () => {
  it.each([
    ['short', 0, shortExtent],
    ['long', 1, (length: number, at: number, type?: number) => longExtent(length, at, 0, type)],
    [
      'extended',
      2,
      (length: number, at: number, type?: number) => {
        const bytes = Buffer.alloc(20);
        bytes.set(shortExtent(length, at, type));
        bytes.writeUInt32LE(at, 12);
        return bytes;
      },
    ],
  ] as const)('with %s allocation descriptors is read, its holes as zeros', async (_, kind, extent) => {
    const allocation = Buffer.concat([
      extent(2048, 20),
      extent(2048, 21, 1),
      extent(2048, 0, 2),
      extent(100, 22),
    ]);
    const spec = withFile(
      { kind, allocation, size: 6244 },
      { 20: block('a'), 21: block('x'), 22: block('b') },
    );
    await using image = await openBytes(buildUdf(spec));
    const zeros = Buffer.alloc(4096);
    expect(await readFile(image, '/f')).toEqual(Buffer.concat([block('a'), zeros, Buffer.alloc(100, 'b')]));
    expect(image.findings.findings).toEqual([]);
  });

  it('with data in an extended file entry of UDF 1.02 is read', async () => {
    const spec = withFile({ extended: true, allocation: Buffer.from('inside'), size: 6 });
    await using image = await openBytes(buildUdf(spec));
    expect((await readFile(image, '/f')).toString()).toBe('inside');
  });

  it('whose last block was appended to without a new length is read to its end', async () => {
    const spec = withFile({ kind: 0, allocation: shortExtent(100, 20), size: 3000 }, { 20: block('a') });
    await using image = await openBytes(buildUdf(spec));
    expect(await readFile(image, '/f')).toEqual(Buffer.concat([block('a'), Buffer.alloc(952)]));
    const { codes } = await readAll(image);
    expect(codes).toEqual(['size-mismatch']);
  });

  it('with extents of more than 1 GiB together is placed right', async () => {
    const piece = 0x3fff_f800;
    const allocation = Buffer.concat([
      shortExtent(piece, 0, 2),
      shortExtent(0x3ff0_0000, 0, 2),
      shortExtent(2048, 20),
    ]);
    const size = piece + 0x3ff0_0000 + 2048;
    await using image = await openBytes(
      buildUdf(withFile({ kind: 0, allocation, size }, { 20: block('z') })),
    );
    const row = await image.index.resolve('/f');
    const reader = new FileReader(image.source, new RowExtents(image.index.table, row), size);
    const tail = Buffer.alloc(2049);
    expect(await reader.read(tail, size - 2049)).toBe(2049);
    expect(tail).toEqual(Buffer.concat([Buffer.alloc(1), block('z')]));
  });

  const chain = (last: Uint8Array, next: number): Uint8Array => {
    const descriptors = Buffer.concat([shortExtent(2048, 21), last]);
    const bytes = Buffer.alloc(24 + descriptors.length);
    bytes.writeUInt32LE(descriptors.length, 20);
    bytes.set(descriptors, 24);
    return tagged(258, next, bytes);
  };

  it('whose allocation descriptors go on in another block is read', async () => {
    const allocation = Buffer.concat([shortExtent(2048, 20), shortExtent(2048, 30, 3)]);
    const blocks = {
      20: block('a'),
      21: block('b'),
      22: block('c'),
      30: chain(shortExtent(2048, 31, 3), 30),
      31: chain(shortExtent(2048, 22), 31),
    };
    await using image = await openBytes(buildUdf(withFile({ kind: 0, allocation, size: 8192 }, blocks)));
    expect(await readFile(image, '/f')).toEqual(
      Buffer.concat([block('a'), block('b'), block('b'), block('c')]),
    );
  });

  it('whose chain of allocation descriptors leads back to itself has an end', async () => {
    const allocation = shortExtent(2048, 30, 3);
    const blocks = { 21: block('b'), 30: chain(shortExtent(2048, 30, 3), 30) };
    await using image = await openBytes(buildUdf(withFile({ kind: 0, allocation, size: 1_000_000 }, blocks)));
    await expect(readFile(image, '/f')).rejects.toMatchObject({ code: 'damaged' });
    const [finding] = image.findings.findings;
    expect(finding?.code).toBe('broken-extent-chain');
    expect(finding?.message).toMatch(/leads back to itself/);
  });

  it('with strategy 4096 is its last entry', async () => {
    const indirect = Buffer.alloc(52);
    indirect.set(longExtent(2048, 40), 36);
    const old = { strategy: 4096, allocation: Buffer.from('old'), size: 3 };
    const spec = withFile(old, {
      [FILE + 1]: tagged(259, FILE + 1, indirect),
      40: fileEntry({ block: 40, strategy: 4096, allocation: Buffer.from('newer'), size: 5 }),
    });
    await using image = await openBytes(buildUdf(spec));
    expect((await readFile(image, '/f')).toString()).toBe('newer');
  });

  it('with an extent outside of its partition is listed, and its bytes are an error', async () => {
    const spec = withFile({ kind: 0, allocation: shortExtent(2048, 1_000_000), size: 2048 });
    await using image = await openBytes(buildUdf(spec));
    await expect(readFile(image, '/f')).rejects.toMatchObject({ code: 'damaged' });
    expect((await readAll(image)).codes).toEqual(['file-beyond-end']);
  });

  it('has the owner, permissions, links and times of its entry', async () => {
    await using image = await openBytes(
      buildUdf(withFile({ allocation: Buffer.from('x'), size: 1, links: 3 })),
    );
    expect(image.index.node(await image.index.resolve('/f'))).toMatchObject({
      mode: 0o100744,
      userId: 1000,
      groupId: 65_534,
      links: 3,
      modified: EXPECTED_TIME,
    });
  });
});

describe('A symbolic link', () => {
  it.each([
    [4095, 4095],
    [4096, 4095],
  ])('of %i characters has a target of %i', async (length, wanted) => {
    const parts: Buffer[] = [];
    for (let left = length; left > 0;) {
      const size = Math.min(left, 249);
      const text = Buffer.from(`\x08${'t'.repeat(size)}`, 'latin1');
      parts.push(Buffer.concat([Buffer.of(5, text.length, 0, 0), text]));
      left -= size + 1;
    }
    const link = Buffer.concat(parts);
    const allocation = shortExtent(link.length, 20);
    const spec = withFile({ fileType: 12, kind: 0, allocation, size: link.length }, { 20: link });
    await using image = await openBytes(buildUdf(spec));
    const { entries } = await readAll(image);
    expect(entries.get('/f')?.target?.length ?? 0).toBe(wanted);
  });
});

describe('U7: a name', () => {
  const listed = async (...root: Uint8Array[]): Promise<{ names: string[]; codes: string[] }> => {
    await using image = await openBytes(buildUdf({ root, blocks: { [FILE]: textFile(FILE, 'x') } }));
    const { entries, codes } = await readAll(image);
    return { names: [...entries.keys()].filter((path) => path !== '/'), codes };
  };
  const raw = (id: number, text: Buffer): Uint8Array => Buffer.concat([Buffer.of(id), text]);
  const wide = (text: string): Uint8Array => raw(16, Buffer.from(text, 'utf16le').swap16());

  it('of 8 and 16 bits a character is UTF-8', async () => {
    const { names } = await listed(
      identifier('na\xefve', FILE),
      identifier(wide('\u65e5\u672c\u{1f600}'), FILE),
    );
    expect(names).toEqual(['/na\\xc3\\xafve', '/\\xe6\\x97\\xa5\\xe6\\x9c\\xac\\xf0\\x9f\\x98\\x80']);
  });

  it('that POSIX cannot hold is changed, with the checksum that UDF asks for', async () => {
    const { names } = await listed(identifier('slash/in name', FILE), identifier('..', FILE));
    expect(names).toEqual(['/..#E045', '/slash_in name#7992']);
  });

  it('with an unknown compression id is shown all the same', async () => {
    const { names, codes } = await listed(identifier(raw(99, Buffer.from('odd')), FILE));
    expect(names).toEqual(['/odd']);
    expect(codes).toEqual(['bad-compression-id']);
  });

  it('is shown when it is hidden, and not when it is deleted', async () => {
    const { names } = await listed(
      identifier('hidden', FILE, { characteristics: 1 }),
      identifier('deleted', FILE, { characteristics: 4 }),
    );
    expect(names).toEqual(['/hidden']);
  });

  it('behind something broken is found', async () => {
    const { names, codes } = await listed(Buffer.alloc(64, 0xee), identifier('found', FILE));
    expect(names).toEqual(['/found']);
    expect(codes).toEqual(['damaged-record']);
  });

  it.each([
    [MAX_BROKEN_PLACES, true],
    [MAX_BROKEN_PLACES + 2, false],
  ])('behind %i broken places is found: %s', async (places, isFound) => {
    const root: Uint8Array[] = [];
    for (let place = 0; place < places; place += 1)
      root.push(Buffer.alloc(4, 0xee), identifier('same', FILE));
    // The directory is larger than its window, so that the count is looked at between two.
    for (let filler = 0; filler < 1600; filler += 1) root.push(identifier(`filler ${filler}`, FILE));
    root.push(identifier('last', FILE));
    const data = directoryData(FILE, root);
    const entry = { block: FILE + 1, fileType: 4, kind: 0, size: data.length };
    const allocation = shortExtent(data.length, 20);
    const blocks = { [FILE]: textFile(FILE, 'x'), [FILE + 1]: fileEntry({ ...entry, allocation }), 20: data };
    await using image = await openBytes(buildUdf({ root: [identifier('d', FILE + 1)], blocks }));
    const { entries } = await readAll(image);
    expect(entries.has('/d/last')).toBe(isFound);
  });
});

describe('U10: what leads round and round has an end:', () => {
  it('a directory in itself', async () => {
    const root = [identifier('d', FILE, { characteristics: 2 })];
    const blocks = { [FILE]: directory(FILE, 1, [identifier('again', FILE, { characteristics: 2 })]) };
    await using image = await openBytes(buildUdf({ root, blocks }));
    const { entries, codes } = await readAll(image);
    expect([...entries.keys()]).toEqual(['/', '/d', '/d/again']);
    expect(codes).toEqual(['unreadable-directory']);
  });

  it.each([
    [MAX_ICB_NESTING, 'end'],
    [MAX_ICB_NESTING + 1, undefined],
  ])('a chain of %i indirect entries', async (links, content) => {
    const blocks: Record<number, Uint8Array> = {};
    for (let link = 0; link <= links; link += 1) {
      const at = FILE + link * 2;
      blocks[at] = fileEntry({ block: at, strategy: 4096, allocation: Buffer.from('end'), size: 3 });
      if (link === links) break;
      const indirect = Buffer.alloc(52);
      indirect.set(longExtent(2048, at + 2), 36);
      blocks[at + 1] = tagged(259, at + 1, indirect);
    }
    const spec = { root: [identifier('f', FILE)], blocks, partitionBlocks: 3000 };
    await using image = await openBytes(buildUdf(spec));
    const { codes } = await readAll(image);
    if (content === undefined) expect(codes).toEqual(['damaged-file-entry']);
    else expect((await readFile(image, '/f')).toString()).toBe(content);
  });

  it('a size that no extents have', async () => {
    const spec = withFile({ allocation: Buffer.from('x'), size: 1 });
    const entry = Buffer.from(spec.blocks![FILE]!);
    entry.writeBigUInt64LE(1n << 62n, 56);
    await using image = await openBytes(buildUdf({ ...spec, blocks: { [FILE]: tagged(261, FILE, entry) } }));
    expect(image.index.node(await image.index.resolve('/f')).size).toBe(1);
  });
});
