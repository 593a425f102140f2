// Titles in packs of CD-TEXT: those that the drive makes of a disc's titles are read back, and other charsets.
import { describe, expect, it } from 'vitest';
import { readCdTextTitles } from '../../src/container/cd-text-titles.js';
import { PlanStream } from '../../src/disc/plan-stream.js';
import { encodeCdText } from '../../src/drive/mmc/cd-text.js';

function pack(kind: number, track: number, flags: number, text: Uint8Array): Buffer {
  const bytes = Buffer.alloc(18);
  bytes.set([kind, track, 0, flags]);
  bytes.set(text.subarray(0, 12), 4);
  return bytes;
}

describe('titles in packs of CD-TEXT', () => {
  it('are those that were packed', () => {
    const track = { mode: 'audio', start: 0, length: 300 } as const;
    const titles = ['A title longer than a pack', 'Caf\u00e9', 'x'];
    const packs = encodeCdText({
      ...{ format: 'x', data: new PlanStream('x', [], []), title: 'The disc', performer: 'Band' },
      sessions: [{ number: 1, tracks: titles.map((title, i) => ({ ...track, number: i + 1, title })) }],
    });
    const found = readCdTextTitles(packs);
    expect(found.get(0)).toEqual({ title: 'The disc', performer: 'Band' });
    expect([1, 2, 3].map((number) => found.get(number)?.title)).toEqual(titles);
  });

  it('are read in Shift-JIS, and a tab is the text before', () => {
    const text = Buffer.concat([
      Buffer.from('83 4a 00 00 09 09 00 00 83 4b 00 00'.replaceAll(' ', ''), 'hex'),
    ]);
    const sizes = pack(0x8f, 0, 0, Uint8Array.of(0x80, 1, 2));
    const found = readCdTextTitles(Buffer.concat([pack(0x80, 1, 0x80, text), sizes]));
    expect([...found]).toEqual([
      [1, { title: '\u30ab' }],
      [2, { title: '\u30ab' }],
      [3, { title: '\u30ac' }],
    ]);
  });

  it('of a pack that is cut off, or of another language, are none', () => {
    expect(readCdTextTitles(Buffer.alloc(17, 0x80)).size).toBe(0);
    expect(readCdTextTitles(pack(0x80, 0, 0x10, Buffer.from('text\0'))).size).toBe(0);
  });
});
