// What public reports and other programs' tests found wrong with HFS, HFS+ and FAT, each with the value that is right.
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DOUBLE_LEAD_BYTES } from '../../src/filesystem/content/apple-double.js';
import { ContentOpener } from '../../src/image/content-opener.js';
import { lacksAttributes } from '../../src/index/node-record.js';
import { openImage } from '../../src/image/open-image.js';
import { describeImage } from '../../src/present/inspect/describe-image.js';
import { readFaultInput, unpackFaultInput } from '../support/builders/fault-input.js';
import { readFileContent } from '../support/judges/file-content.js';
import { ROOT, buildHfsPlus } from '../support/builders/hfsplus-builder.js';
import { needs } from '../support/needs.js';
import { openBytes, readAll } from '../support/judges/opened-bytes.js';

const SHA1 = {
  '/lzvn.txt': [80_000, '7cd12cc60c329f5d8641ad3aa6132a094e870b77'],
  '/lzfse.txt': [150_000, 'dc177fb2c9db77527b7e4052db576dd3b99191ef'],
  '/zlib.txt': [150_000, 'dc177fb2c9db77527b7e4052db576dd3b99191ef'],
} as const;

describe('a file that macOS compressed', () => {
  it.each(Object.entries(SHA1))('%s has the content that macOS shows', async (path, [size, sum]) => {
    await using image = await openBytes(await readFaultInput('decmpfs-real.img'));
    const content = await readFileContent(image, path);
    expect([content.length, createHash('sha1').update(content).digest('hex')]).toEqual([size, sum]);
    expect(image.findings.findings).toEqual([]);
  });
});

const BIG_FORK = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 7)) & 0xff));

describe('a resource fork of more bytes than an attribute may have', () => {
  const finderInfo = Buffer.from('APPLTEST'.padEnd(32, '\0'));
  const bytes = buildHfsPlus('Forks', [
    {
      parent: ROOT,
      id: 20,
      name: 'App',
      mode: 0o100644,
      data: Buffer.from('hello'),
      resources: BIG_FORK,
      finderInfo,
    },
    { parent: ROOT, id: 21, name: 'plain', mode: 0o100600, data: Buffer.from('x') },
  ]);

  it('is shown whole as AppleDouble beside its file, where associated files are wanted', async () => {
    await using image = await openBytes(bytes, { associated: true });
    const { first, count } = await image.index.children(0);
    expect(count).toBe(3);
    const names = Array.from({ length: count }, (_, i) =>
      Buffer.from(image.index.node(first + i).name).toString(),
    );
    expect(names).toEqual(['._App', 'App', 'plain']);
    const content = await readFileContent(image, '/._App');
    // RFC 1740: magic, version, two entries: the Finder's 32 bytes (9) and the fork (2).
    const header = '00051607' + '00020000' + '00'.repeat(16) + '0002';
    const entries = '00000009' + '00000032' + '00000020' + '00000002' + '00000052' + '00030d40';
    expect(content.subarray(0, 50).toString('hex')).toBe(header + entries);
    expect(content.subarray(50, 82)).toEqual(finderInfo);
    expect(content.subarray(DOUBLE_LEAD_BYTES).equals(BIG_FORK)).toBe(true);
    expect(lacksAttributes(image.index.table, await image.index.resolve('/App'))).toBe(false);
  });

  it('is read at random, over the end of the header', async () => {
    await using image = await openBytes(bytes, { associated: true });
    const whole = await readFileContent(image, '/._App');
    const reader = new ContentOpener(image.index, image.data).open(await image.index.resolve('/._App'));
    for (const [position, length] of [
      [0, 10],
      [45, 10],
      [48, 100],
      [80, 70_000],
      [whole.length - 3, 10],
      [whole.length, 10],
    ] as const) {
      const target = new Uint8Array(length);
      const got = await reader.read(target, position);
      expect(Buffer.from(target.subarray(0, got))).toEqual(whole.subarray(position, position + length));
    }
  });

  it('is told of, and its file marked, where it is not shown', async () => {
    await using image = await openBytes(bytes);
    expect(lacksAttributes(image.index.table, await image.index.resolve('/App'))).toBe(true);
    expect(lacksAttributes(image.index.table, await image.index.resolve('/plain'))).toBe(false);
    const [finding] = image.findings.findings;
    expect([finding?.code, finding?.message]).toEqual([
      'resource-fork-left-out',
      'Resource fork of 200000 bytes, more than 65536, is left out of the attributes; --associated shows it as ._NAME',
    ]);
  });
});

describe('names of HFS', () => {
  it('are in the charset that the user says, Mac Roman where none is said', async () => {
    const bytes = await readFaultInput('hfs-shift-jis.img');
    await using japanese = await openBytes(bytes, { charset: 'shift_jis' });
    for (const name of ['\u30b2\u30fc\u30e0', '\u65e5\u672c.txt']) await japanese.index.resolve(`/${name}`);
    await using roman = await openBytes(bytes);
    await roman.index.resolve('/\u00c9Q\u00c5[\u00c9\u00c4');
    await expect(openBytes(bytes, { charset: 'martian' })).rejects.toMatchObject({ code: 'usage' });
  });

  it.each(['macintosh', 'x-mac-cyrillic', 'shift_jis', 'gbk', 'big5', 'euc-kr'])(
    'can be in %s',
    async (charset) => {
      await using image = await openBytes(await readFaultInput('hfs-shift-jis.img'), { charset });
      expect((await readAll(image)).entries.size).toBe(3);
    },
  );
});

describe('an Apple partition map', () => {
  const volume = buildHfsPlus('Mapped', [{ parent: ROOT, id: 20, name: 'f', data: Buffer.from('inside') }]);

  /** A map of two entries, its own and the volume's, in blocks of `size`; the descriptor says `declared`. */
  function map(size: number, declared: number): Buffer {
    const lead = Buffer.alloc(Math.max(16 * size, 65_536));
    lead.write('ER', 0, 'latin1');
    lead.writeUInt16BE(declared, 2);
    const start = lead.length / size;
    [
      [1, 2, 'Apple_partition_map'],
      [start, volume.length / size, 'Apple_HFS'],
    ].forEach(([first, count, type], i) => {
      const at = (i + 1) * size;
      lead.write('PM', at, 'latin1');
      [2, Number(first), Math.ceil(Number(count))].forEach((value, j) =>
        lead.writeUInt32BE(value, at + 4 + 4 * j),
      );
      lead.write(String(type), at + 48, 'latin1');
    });
    return Buffer.concat([lead, volume]);
  }

  it.each([
    [512, 512],
    [512, 2048],
    [1024, 1024],
    [2048, 2048],
    [2048, 512],
    [4096, 4096],
  ])('in blocks of %i bytes, with a descriptor that says %i, leads to its volume', async (size, declared) => {
    await using image = await openBytes(map(size, declared));
    expect([...(await readAll(image)).entries.keys()]).toEqual(['/', '/f']);
  });
});

describe('a FAT volume', () => {
  it('with three tables is listed as mdir lists it', async () => {
    await using image = await openBytes(await readFaultInput('fat12-three-tables.img'));
    expect([...(await readAll(image)).entries.keys()]).toEqual(['/', '/A.TXT']);
  });

  it('has the label of its root directory, not the stale one of the boot sector', async () => {
    await using image = await openBytes(await readFaultInput('fat-label-stale-boot-sector.img'));
    expect([image.tree.label, image.volume.volumeId]).toEqual(['REALNAME', 'REALNAME']);
  });

  it('has short names and labels in the charset that the user says, and code page 437 where none is said', async () => {
    const soft = Buffer.from([0x83, 0x5c, 0x83, 0x74, 0x83, 0x67]);
    const named = await readFaultInput('fat12-three-tables.img');
    named.set(soft, named.indexOf('A       TXT'));
    await using japanese = await openBytes(named, { charset: 'shift_jis' });
    expect(await japanese.index.resolve('/\u30bd\u30d5\u30c8.TXT')).toBeGreaterThan(0);
    await using plain = await openBytes(named);
    expect(await plain.index.resolve('/\u00e2\\\u00e2t\u00e2g.TXT')).toBeGreaterThan(0);
    await expect(openBytes(named, { charset: 'martian' })).rejects.toMatchObject({ code: 'usage' });

    const stale = await readFaultInput('fat-label-stale-boot-sector.img');
    for (const label of ['REALNAME', 'STALE']) {
      const bytes = Buffer.from(stale);
      bytes.set(Buffer.concat([soft, Buffer.from('     ')]), bytes.indexOf(label));
      // Without its entry in the root directory the volume is named by its boot sector.
      if (label === 'STALE') bytes[bytes.indexOf('REALNAME')] = 0xe5;
      await using image = await openBytes(bytes, { charset: 'shift_jis' });
      expect(image.tree.label).toBe('\u30bd\u30d5\u30c8');
    }
  });

  const run = promisify(execFile);
  it(
    'has the label that blkid finds, whatever was done to it, and whatever number of tables it has',
    { ...needs('mkfs.fat', 'mlabel'), timeout: 120_000 },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'isodrive-fat-'));
      try {
        for (const width of ['12', '16', '32']) {
          for (const tables of ['1', '2', '3', '4']) {
            const path = join(folder, `${width}-${tables}.img`);
            await run('mkfs.fat', [
              '-C',
              '-F',
              width,
              '-f',
              tables,
              '-n',
              'FIRST',
              path,
              width === '32' ? '70000' : '9000',
            ]);
            for (const label of ['FIRST', 'SECOND ONE', '']) {
              if (label !== 'FIRST') await run('mlabel', ['-i', path, label === '' ? '-c' : `::${label}`]);
              await using image = await openImage(path);
              const blkid = await run('blkid', ['-p', '-o', 'value', '-s', 'LABEL', path]).catch(() => ({
                stdout: '',
              }));
              expect([width, tables, image.tree.label]).toEqual([width, tables, blkid.stdout.trim()]);
            }
            await rm(path);
          }
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});

describe('the creation of an HFS+ volume', () => {
  it('is shown as the local time that it is, the last change as UTC', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-time-'));
    try {
      await using image = await openImage(await unpackFaultInput('decmpfs-real.img', folder));
      const { created, modified } = describeImage(image).volume;
      expect([created, modified]).toEqual(['2021-03-31T01:46:40', '2021-03-31T01:46:40Z']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
