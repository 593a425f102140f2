// Identifiers of volume descriptors: whatever a writer did with what is no ASCII, the text that its user gave is shown.
import { describe, expect, it } from 'vitest';
import { NameCharset } from '../../../src/base/name-charset.js';
import { IdentifierDecoder, mergeIdentifiers } from '../../../src/filesystem/iso9660/identifiers.js';
import type { Identifiers } from '../../../src/filesystem/iso9660/identifiers.js';

const EMPTY: Identifiers = {
  ...{ systemId: '', volumeId: '', volumeSetId: '', publisherId: '', preparerId: '', applicationId: '' },
};

function decode(text: string | Uint8Array, charset?: string): string {
  const field = Buffer.alloc(32, ' ');
  field.set(Buffer.from(text).subarray(0, 32));
  const decoder = new IdentifierDecoder(charset === undefined ? undefined : new NameCharset(charset));
  return decoder.decode('volumeId', field);
}

function merge(primary: string, joliet: string, isUnsure = false): [string, string] {
  const unsure = new Set(isUnsure ? ['volumeId'] : []);
  const merged = mergeIdentifiers({ ...EMPTY, volumeId: primary, unsure }, { ...EMPTY, volumeId: joliet });
  return [merged.primary.volumeId, merged.joliet.volumeId];
}

describe('Text of a volume descriptor', () => {
  it('is UTF-8 where it can be, cut at a whole character', () => {
    expect(decode('Gr\u00f6\u00dfe')).toBe('Gr\u00f6\u00dfe');
    expect(decode('\u65e5'.repeat(16))).toBe('\u65e5'.repeat(10));
    expect(decode('PLAIN')).toBe('PLAIN');
  });

  it('is in the charset that was named, and Latin-1 without', () => {
    const gbk = Uint8Array.of(0xcf, 0xb5, 0xcd, 0xb3, 0xc5, 0xcc);
    expect(decode(gbk, 'gbk')).toBe('\u7cfb\u7edf\u76d8');
    expect(decode(Uint8Array.of(0x47, 0xf6))).toBe('G\u00f6');
  });

  it.each([
    ['a label of 32 characters cut to 16', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 'ABCDEFGHIJKLMNOP'],
    ['one with marks for what is no ASCII', 'ABCDEFGHIJ_LMNOPQRSTUVWXYZ012345', 'ABCDEFGHIJ\u00c4LMNOP'],
  ])('is joined with Joliet: %s', (_, primary, joliet) => {
    const whole = joliet + primary.slice(16);
    expect(merge(primary, joliet)).toEqual([whole, whole]);
  });

  it('is the longer one of Joliet where UTF-8 had no room, and stays two texts where they differ', () => {
    expect(merge('\u65e5'.repeat(10), '\u65e5'.repeat(16))).toEqual([
      '\u65e5'.repeat(16),
      '\u65e5'.repeat(16),
    ]);
    expect(merge('MY DISC', 'My Disc')).toEqual(['MY DISC', 'My Disc']);
    expect(merge('NEW 2', 'NEW')).toEqual(['NEW 2', 'NEW']);
    expect(merge('', 'NEW')).toEqual(['NEW', 'NEW']);
    expect(merge('OLD', '')).toEqual(['OLD', 'OLD']);
  });

  it('is that of Joliet where the bytes of the primary descriptor are in no known charset', () => {
    expect(merge('\u00cf\u00b5', '\u7cfb', true)).toEqual(['\u7cfb', '\u7cfb']);
  });
});
