// What an index says of its mount, for a daemon that finds no journal.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_NOTE_BYTES, readNote, writeNote } from '../../../daemon/takeover/index-note.js';
import { encodeRecord } from '../../../daemon/takeover/journal.js';
import type { MountRecord } from '../../../daemon/takeover/mount-record.js';
import { HEADER_BYTES, NOTE_OFFSET } from '../../../src/index/layout.js';
import { MOUNT_RECORD_SAMPLE as RECORD } from '../../support/builders/mount-record.js';

const noteOf = (record: MountRecord): MountRecord => ({
  ...record,
  state: 'mounted',
  findings: [],
  made: { ...record.made, passedOver: [] },
  isLoaded: false,
});

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
    writeNote(index, RECORD);
    expect(readNote(index)).toEqual(noteOf(RECORD));
  });

  it('is as long as there is room for it, and no longer', () => {
    const bytesOf = (record: MountRecord): number =>
      Buffer.byteLength(JSON.stringify(encodeRecord(noteOf(record)))) + 1;
    const at = (path: string): MountRecord => ({ ...RECORD, image: { ...RECORD.image, path } });
    const longest = `/${'x'.repeat(MAX_NOTE_BYTES - bytesOf(at('/')))}`;
    expect(bytesOf(at(longest))).toBe(MAX_NOTE_BYTES);
    writeNote(index, at(`${longest}x`));
    expect(readNote(index)).toBeUndefined();
    writeNote(index, at(longest));
    expect(readNote(index)?.image.path).toBe(longest);
  });

  it.each(['', '{', '{}', '{"id":"../x"}', 'x'.repeat(MAX_NOTE_BYTES)])('that reads %j is none', (text) => {
    writeSync(index, Buffer.from(text), 0, text.length, NOTE_OFFSET);
    expect(readNote(index)).toBeUndefined();
  });
});
