// AAIP 2.0: extended attributes and access control lists in AL fields, right and wrong.
import { describe, expect, it } from 'vitest';
import {
  MAX_ACL_ENTRIES,
  decodeAccessControl,
} from '../../../src/filesystem/iso9660/rock-ridge/access-control-list.js';
import { MAX_ATTRIBUTE_BYTES } from '../../../src/filesystem/iso9660/rock-ridge/attribute-list.js';
import { readAttributes } from '../../../src/index/node-record.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { ER, SECTOR, SP, buildIso, ce, field, join, nm, px } from '../../support/builders/iso-builder.js';
import { openBytes } from '../../support/judges/opened-bytes.js';

const FILE = 0o100644;
/** Bytes of an AL field without its component area. */
const HEADER = 5;

/** Component records of the names and values in turn. */
function components(...parts: (string | Uint8Array)[]): Buffer {
  const records = parts.flatMap((part) => {
    const bytes = Buffer.from(part as Uint8Array);
    const count = Math.max(1, Math.ceil(bytes.length / 255));
    return Array.from({ length: count }, (_, i) => {
      const piece = bytes.subarray(i * 255, (i + 1) * 255);
      return Buffer.concat([Uint8Array.of(i + 1 < count ? 1 : 0, piece.length), piece]);
    });
  });
  return Buffer.concat(records);
}

/** AL fields over an area, cut wherever a field is full, as libisofs does. */
function al(area: Uint8Array, fieldBytes = 255): Buffer {
  const room = fieldBytes - HEADER;
  const count = Math.max(1, Math.ceil(area.length / room));
  return Buffer.concat(
    Array.from({ length: count }, (_, i) =>
      field('AL', i + 1 < count ? 1 : 0, area.subarray(i * room, (i + 1) * room)),
    ),
  );
}

/** An image with file "f" whose fields of attributes lie in a continuation area. */
function imageWith(fields: Uint8Array, announce: Uint8Array = new Uint8Array()): Uint8Array {
  const systemUse = join(px(FILE), nm('f'), ce(40, 0, fields.length));
  const dotUse = join(SP, px(0o040755, 2), ER, announce);
  return buildIso({ root: [{ name: 'F.;1', systemUse }], dotUse, sectors: { 40: fields }, length: 120 });
}

async function attributesOf(image: OpenedImage): Promise<Record<string, string>> {
  const found = readAttributes(image.index.table, await image.index.resolve('f'));
  return Object.fromEntries([...found].map(([name, value]) => [name, Buffer.from(value).toString('latin1')]));
}

function codesOf(image: OpenedImage): string[] {
  return image.findings.findings.map(({ code }) => code);
}

describe('extended attributes of AAIP', () => {
  it('are names and values, of namespaces in short and in full', async () => {
    const area = components('\x03abc', 'one', 'user.def', 'two', '\x01user.ghi', 'three', 'user.empty', '');
    await using image = await openBytes(imageWith(al(area)));
    expect(await attributesOf(image)).toEqual({
      'user.abc': 'one',
      'user.def': 'two',
      'user.ghi': 'three',
      'user.empty': '',
    });
    expect(codesOf(image)).toEqual([]);
  });

  it.each([10, 17, 60, 255])('go on from field to field, cut at every %s bytes', async (fieldBytes) => {
    const long = 'long value '.repeat(80);
    const area = components('\x03name', long, '\x03one', 'more');
    await using image = await openBytes(imageWith(al(area, fieldBytes)));
    expect(await attributesOf(image)).toEqual({ 'user.name': long, 'user.one': 'more' });
  });

  it('of the writer are left out silently, those of an administrator with a note', async () => {
    const area = components('\x04cx', 'internal', '\x05t', 'x', '\x06capability', 'x', '\x03shown', 'yes');
    await using image = await openBytes(imageWith(al(area)));
    expect(await attributesOf(image)).toEqual({ 'user.shown': 'yes' });
    expect(codesOf(image)).toEqual(['hidden-attributes']);
  });

  it.each([
    ['a name with a zero byte', components('user.a\0b', 'x')],
    ['a name that is too long', components(`user.${'n'.repeat(300)}`, 'x')],
    ['a name that is no text', components(Buffer.from([0x03, 0xff, 0xfe]), 'x')],
  ])('do without %s', async (_, bad) => {
    await using image = await openBytes(imageWith(al(Buffer.concat([bad, components('\x03b', 'y')]))));
    expect(await attributesOf(image)).toEqual({ 'user.b': 'y' });
    expect(codesOf(image)).toEqual(['hidden-attributes']);
  });

  it('do without a name that has no value, and a record that is cut off', async () => {
    const area = Buffer.concat([components('\x03a', 'x', '\x03b'), Uint8Array.of(0, 200, 1, 2)]);
    await using image = await openBytes(imageWith(al(area)));
    expect(await attributesOf(image)).toEqual({ 'user.a': 'x' });
  });

  it('hold at most so many bytes', async () => {
    const spread = async (bytes: number): Promise<[Record<string, string>, string[]]> => {
      const area = Buffer.concat([components('\x03a', 'x'), Buffer.alloc(bytes - 7, '\0')]);
      const fields = al(area);
      // A continuation area holds 32 KiB at most: a chain of three.
      const size = 15 * SECTOR - 255;
      const parts: Uint8Array[] = [];
      for (let at = 0; at < fields.length;) {
        let end = at;
        while (end < fields.length && end - at < size) end += fields[end + 2]!;
        parts.push(fields.subarray(at, end));
        at = end;
      }
      const sectors: Record<number, Uint8Array> = {};
      parts.forEach((part, i) => {
        const next = parts[i + 1];
        const link = next === undefined ? [] : [ce(40 + 16 * (i + 1), 0, next.length + 28)];
        sectors[40 + 16 * i] = join(part, ...link);
      });
      const systemUse = join(px(FILE), nm('f'), ce(40, 0, sectors[40]!.length));
      const last = sectors[40 + 16 * (parts.length - 1)]!;
      expect(last.length).toBeLessThanOrEqual(15 * SECTOR);
      const dotUse = join(SP, px(0o040755, 2), ER);
      const root = [{ name: 'F.;1', systemUse }];
      sectors[40 + 16 * (parts.length - 1)] = join(last, Buffer.alloc(28));
      await using image = await openBytes(buildIso({ root, dotUse, sectors, length: 120 }));
      return [await attributesOf(image), codesOf(image)];
    };
    expect(await spread(MAX_ATTRIBUTE_BYTES)).toEqual([{ 'user.a': 'x' }, []]);
    expect((await spread(MAX_ATTRIBUTE_BYTES + 1))[1]).toEqual(['hidden-attributes']);
  });

  it('are announced by an ER or by the root, so that mounts without any never ask for them', async () => {
    const er = field('ER', 9, 0, 0, 1, Buffer.from('AAIP_0200'));
    const rootList = al(components('\x04nt', 'x'));
    for (const [announce, expected] of [
      [new Uint8Array(), false],
      [er, true],
      [rootList, true],
    ] as const) {
      await using image = await openBytes(imageWith(al(components('\x03a', 'x')), announce));
      expect(image.tree.hasAttributes).toBe(expected);
    }
  });

  it('of the root are those of its own record', async () => {
    await using image = await openBytes(
      imageWith(al(components('\x03a', 'x')), al(components('\x03top', '1'))),
    );
    expect([...readAttributes(image.index.table, 0).keys()]).toEqual(['user.top']);
  });
});

describe('access control list of AAIP', () => {
  /** Version 2, then tag, permissions and id of each entry. */
  const kernel = (...entries: readonly (readonly [number, number, number])[]): Uint8Array => {
    const bytes = Buffer.alloc(4 + 8 * entries.length);
    bytes.writeUInt32LE(2);
    entries.forEach(([tag, permissions, id], i) => {
      bytes.writeUInt16LE(tag, 4 + 8 * i);
      bytes.writeUInt16LE(permissions, 6 + 8 * i);
      bytes.writeUInt32LE(id, 8 + 8 * i);
    });
    return Uint8Array.from(bytes);
  };
  const NONE = 0xffff_ffff;

  it('becomes what Linux gives to programs, in its order', () => {
    const bytes = Uint8Array.from([0x16, 0xae, 1, 123, 0x34, 0xce, 2, 255, 254, 0x56, 0x64]);
    expect(decodeAccessControl(bytes)).toEqual([
      [
        'system.posix_acl_access',
        kernel([1, 6, NONE], [2, 6, 123], [4, 4, NONE], [8, 6, 65_534], [0x10, 6, NONE], [0x20, 4, NONE]),
      ],
    ]);
  });

  it('is followed by the default list of a directory', () => {
    const bytes = Uint8Array.from([0x17, 0x35, 0x65, 0x81, 0x17, 0x35, 0x57, 0x65, 0xaf, 1, 123]);
    expect(decodeAccessControl(bytes)).toEqual([
      ['system.posix_acl_access', kernel([1, 7, NONE], [4, 5, NONE], [0x20, 5, NONE])],
      [
        'system.posix_acl_default',
        kernel([1, 7, NONE], [2, 7, 123], [4, 5, NONE], [0x10, 7, NONE], [0x20, 5, NONE]),
      ],
    ]);
  });

  it('may hold hints about names, in several records, and types that nobody knows', () => {
    const hint = [0x08, 0x83, 0, 1, 2, 2, 3, 4];
    const bytes = Uint8Array.from([...hint, 0x17, 0x35, 0x27, 0x65]);
    expect(decodeAccessControl(bytes)?.[0]?.[1]).toEqual(kernel([1, 7, NONE], [4, 5, NONE], [0x20, 5, NONE]));
  });

  it.each([
    ['lacks the owner', [0x35, 0x65]],
    ['has the owner twice', [0x17, 0x17, 0x35, 0x65]],
    ['names somebody without a mask', [0x17, 0xaf, 1, 5, 0x35, 0x65]],
    ['names the same user twice', [0x17, 0xaf, 1, 5, 0xaf, 1, 5, 0x35, 0x57, 0x65]],
    ['names a user without an id', [0x17, 0xa7, 0x35, 0x57, 0x65]],
    ['has an id that is too long', [0x17, 0xaf, 5, 1, 2, 3, 4, 5, 0x35, 0x57, 0x65]],
    ['ends inside of an id', [0x17, 0x35, 0x57, 0x65, 0xaf, 4, 1]],
    ['is of a future version', [0x17, 0x35, 0x65, 0xf0]],
  ])('is invalid when it %s', (_, bytes) => {
    expect(decodeAccessControl(Uint8Array.from(bytes))).toBeUndefined();
  });

  it('has at most so many entries', () => {
    const list = (users: number): Uint8Array =>
      Uint8Array.from([
        ...[0x17, 0x35, 0x57, 0x65],
        ...Array.from({ length: users }, (_, i) => [0xaf, 2, i >> 8, i & 0xff]).flat(),
      ]);
    expect(decodeAccessControl(list(MAX_ACL_ENTRIES - 4))).toHaveLength(1);
    expect(decodeAccessControl(list(MAX_ACL_ENTRIES - 3))).toBeUndefined();
  });
});
