// What an index says of its mount, for a daemon that finds no journal.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_NOTE_BYTES, readNote, writeNote } from '../../../daemon/takeover/index-note.js';
import type { JournalEntry } from '../../../daemon/takeover/journal.js';
import { HEADER_BYTES, NOTE_OFFSET } from '../../../src/index/layout.js';
import { JOURNAL_ENTRY_SAMPLE as ENTRY } from '../../support/builders/journal-entry.js';

describe('A note in an index', () => {
  let folder: string;
  let index: number;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-note-'));
    index = openSync(join(folder, 'index'), 'w+');
    ftruncateSync(index, HEADER_BYTES);
  });
  afterEach(async () => {
    closeSync(index);
    await rm(folder, { recursive: true, force: true });
  });

  it('tells what the mount is, as one that is there', () => {
    writeNote(index, ENTRY);
    const expected = { ...ENTRY, state: 'mounted', findings: [], passedOver: [], isLoaded: false };
    expect(readNote(index)).toEqual(expected);
  });

  it('is as long as there is room for it, and no longer', () => {
    const bytesOf = (entry: JournalEntry): number => {
      const note = { ...entry, state: 'mounted', findings: [], passedOver: [], isLoaded: false };
      return Buffer.byteLength(JSON.stringify(note)) + 1;
    };
    const longest = { ...ENTRY, image: `/${'x'.repeat(MAX_NOTE_BYTES - bytesOf({ ...ENTRY, image: '/' }))}` };
    expect(bytesOf(longest)).toBe(MAX_NOTE_BYTES);
    writeNote(index, { ...longest, image: `${longest.image}x` });
    expect(readNote(index)).toBeUndefined();
    writeNote(index, longest);
    expect(readNote(index)?.image).toBe(longest.image);
  });

  it.each(['', '{', '{}', '{"id":"../x"}', 'x'.repeat(MAX_NOTE_BYTES)])('that reads %j is none', (text) => {
    writeSync(index, Buffer.from(text), 0, text.length, NOTE_OFFSET);
    expect(readNote(index)).toBeUndefined();
  });
});
