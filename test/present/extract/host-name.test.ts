// Names of a disc where they become names of Windows.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WindowsNames, refuseShortName, toWindowsName } from '../../../src/present/extract/host-name.js';

describe('Names for Windows', () => {
  it.each([
    'a',
    '.a',
    'a b.txt',
    'console',
    'com10',
    'com',
    'nulls.txt',
    'aux-1',
    'Gr\u00fc\u00dfe',
    '\u65e5\u672c',
  ])('take "%s"', (name) => expect(toWindowsName(Buffer.from(name))).toBe(name));

  it.each([
    ...['a:b', ':', 'a\\b', '..\\a', 'a/b', '<', '>', '"', '|', 'a?', '*', '\u0001', 'a.', 'a ', '...', ' '],
    ...[
      'CON',
      'con',
      'Nul.txt',
      'aux.tar.gz',
      'PRN .x',
      'COM1',
      'lpt9.x',
      'com\u00b2',
      'CONIN$',
      'conout$.txt',
    ],
  ])('refuse %j', (name) => {
    const refused = (): string => toWindowsName(Buffer.from(name));
    expect(refused).toThrow(expect.objectContaining({ code: 'unsupported' }) as Error);
  });

  it('refuse bytes that are not UTF-8, which would all become the same character', () => {
    expect(() => toWindowsName(Uint8Array.of(0x61, 0xff))).toThrow('not UTF-8');
  });

  it('refuse a second name that differs in case only', () => {
    const names = new WindowsNames();
    for (const name of ['README', 'README', 'stra\u00dfe', 'STRASSE', '\u00e4']) names.add(name);
    for (const name of ['readme', 'Readme', '\u00c4'])
      expect(() => names.add(name)).toThrow('more than case');
  });

  it('refuse the short name of a file with another name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'isodrive-names-'));
    try {
      writeFileSync(join(folder, 'own~1.txt'), '');
      refuseShortName(join(folder, 'OWN~1.TXT'));
      refuseShortName(join(folder, 'missing'));
      expect(() => refuseShortName(join(folder, 'LONGNA~1.TXT'))).toThrow('short name');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
