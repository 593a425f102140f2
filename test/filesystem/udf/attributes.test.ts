// Extended attributes and named streams of UDF files, built by hand; their bounds.
import { describe, expect, it } from 'vitest';
import { MAX_VALUE_BYTES } from '../../../src/filesystem/udf/entry-filler.js';
import { MAX_ATTRIBUTES } from '../../../src/filesystem/udf/extended-attributes.js';
import { MAX_STREAMS } from '../../../src/filesystem/udf/named-streams.js';
import { readAttributes } from '../../../src/index/node-record.js';
import { openBytes } from '../../support/judges/opened-bytes.js';
import {
  FREE_BLOCK,
  buildUdf,
  directoryData,
  fileEntry,
  identifier,
  longExtent,
  shortExtent,
  tagged,
  textFile,
  withFile,
} from '../../../scripts/support/udf-builder.js';
import type { UdfSpec } from '../../../scripts/support/udf-builder.js';

const FILE = FREE_BLOCK;

describe('Extended attributes', () => {
  const attribute = (type: number, name: string, data: Uint8Array): Uint8Array => {
    const bytes = Buffer.alloc((48 + data.length + 3) & ~3);
    bytes.writeUInt32LE(type, 0);
    bytes[4] = 1;
    bytes.writeUInt32LE(bytes.length, 8);
    bytes.writeUInt32LE(data.length, 12);
    bytes.write(name, 17, 'latin1');
    bytes.set(data, 48);
    return bytes;
  };
  const space = (...attributes: Uint8Array[]): Uint8Array => {
    const header = Buffer.alloc(24);
    return Buffer.concat([tagged(262, FILE, header), ...attributes]);
  };
  const shown = async (spec: UdfSpec): Promise<Record<string, string>> => {
    await using image = await openBytes(buildUdf(spec));
    const attributes = readAttributes(image.index.table, await image.index.resolve('/f'));
    return Object.fromEntries(
      Array.from(attributes, ([name, value]) => [name, Buffer.from(value).toString()]),
    );
  };
  const data = { allocation: Buffer.from('x'), size: 1 };

  it('of a Mac, of UDF and of applications have names of the kind "user"', async () => {
    const finder = Buffer.concat([Buffer.alloc(8), Buffer.from('TEXTttxt'.padEnd(32, '.')), Buffer.alloc(8)]);
    const attributes = space(
      attribute(2048, '*UDF Mac FinderInfo', finder),
      attribute(2048, '*UDF OS/2 EA', Buffer.from('..os2!')),
      attribute(65_536, '*Acme', Buffer.from('acme')),
      attribute(2048, '*UDF FreeEASpace', Buffer.from('....')),
    );
    expect(await shown(withFile({ ...data, attributes }))).toEqual({
      'user.com.apple.FinderInfo': 'TEXTttxt'.padEnd(32, '.'),
      'user.*UDF OS/2 EA': 'os2!',
      'user.*Acme': 'acme',
    });
  });

  it('of a device are its numbers', async () => {
    const device = Buffer.alloc(24);
    device.writeUInt32LE(12, 0);
    device.writeUInt32LE(24, 8);
    device.writeUInt32LE(300, 16);
    device.writeUInt32LE(70_000, 20);
    const none = { allocation: Buffer.alloc(0), size: 0 };
    await using image = await openBytes(
      buildUdf(withFile({ ...none, fileType: 7, attributes: space(device) })),
    );
    expect(image.index.node(await image.index.resolve('/f')).device).toEqual({ major: 300, minor: 70_000 });
  });

  it('are the named streams of a file, the resource fork of a Mac under its own name', async () => {
    const streams = [
      identifier('*UDF Macintosh Resource Fork', 31, { characteristics: 0x10 }),
      identifier('Zone.Identifier', 32),
    ];
    const list = directoryData(FILE, streams);
    const spec = withFile(
      { ...data, extended: true, streams: 30 },
      {
        30: fileEntry({ block: 30, fileType: 13, allocation: list, size: list.length }),
        31: textFile(31, 'fork'),
        32: textFile(32, '[ZoneTransfer]'),
      },
    );
    expect(await shown(spec)).toEqual({
      'user.com.apple.ResourceFork': 'fork',
      'user.Zone.Identifier': '[ZoneTransfer]',
    });
  });

  /** A file with these streams; values in blocks of their own. */
  const withStreams = (streams: readonly (readonly [string, number])[]): UdfSpec => {
    const list = directoryData(
      FILE,
      streams.map(([name], index) => identifier(name, 100 + index)),
    );
    const entry = { block: 30, fileType: 13, kind: 0, size: list.length };
    const blocks: Record<number, Uint8Array> = {
      [FILE]: fileEntry({ block: FILE, ...data, extended: true, streams: 30 }),
      30: fileEntry({ ...entry, allocation: shortExtent(list.length, 31) }),
      31: list,
    };
    for (const [index, [, size]] of streams.entries()) {
      const at = 100 + index;
      blocks[at] = fileEntry({ block: at, kind: 0, allocation: shortExtent(size, 300), size });
    }
    return { root: [identifier('f', FILE)], blocks, partitionBlocks: 400 };
  };

  it.each([
    [MAX_STREAMS, MAX_STREAMS, []],
    [MAX_STREAMS + 1, MAX_STREAMS, ['unreadable-attributes']],
  ])('of %i streams are %i, and more are told', async (count, wanted, codes) => {
    const streams = Array.from({ length: count }, (_, index) => [`stream ${index}`, 4] as const);
    await using image = await openBytes(buildUdf(withStreams(streams)));
    const attributes = readAttributes(image.index.table, await image.index.resolve('/f'));
    expect([...attributes]).toHaveLength(wanted);
    expect(image.findings.findings.map(({ code }) => code)).toEqual(codes);
  });

  it.each([
    [MAX_VALUE_BYTES, ['user.s']],
    [MAX_VALUE_BYTES + 1, []],
  ])('have values of at most 65536 bytes: %i', async (size, names) => {
    expect(Object.keys(await shown(withStreams([['s', size]])))).toEqual(names);
  });

  it.each([
    [250, 1],
    [251, 0],
  ])('have names of at most 255 bytes: "user." and %i', async (length, count) => {
    expect(Object.keys(await shown(withStreams([['n'.repeat(length), 4]])))).toHaveLength(count);
  });

  it.each([16, 17])('of one file have at most 1 MiB of values: %i of 64 KiB', async (count) => {
    const streams = Array.from({ length: count }, (_, index) => [`s${index}`, MAX_VALUE_BYTES] as const);
    expect(Object.keys(await shown(withStreams(streams)))).toHaveLength(16);
  });

  it.each([MAX_ATTRIBUTES, MAX_ATTRIBUTES + 1])('are at most 256: %i', async (count) => {
    const names = Array.from({ length: count }, (_, index) => `*${index}`);
    const small = names.map((name) => {
      const bytes = Buffer.from(attribute(2048, name, Buffer.alloc(0)));
      return bytes;
    });
    // They do not fit in a block of 2048 bytes, so they stand in an ICB of their own.
    const all = space(...small);
    const entry = Buffer.from(fileEntry({ block: FILE, ...data }));
    entry.set(longExtent(2048, 30), 112);
    const blocks = {
      [FILE]: tagged(261, FILE, entry),
      30: fileEntry({
        block: 30,
        fileType: 8,
        kind: 0,
        allocation: shortExtent(all.length, 31),
        size: all.length,
      }),
      31: all,
    };
    const found = await shown({ root: [identifier('f', FILE)], blocks });
    expect(Object.keys(found)).toHaveLength(Math.min(count, MAX_ATTRIBUTES));
  });
});
