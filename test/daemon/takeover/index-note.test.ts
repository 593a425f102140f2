// What an index says of its mount, for a daemon that finds no journal.
import { randomBytes, randomInt } from 'node:crypto';
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
    const packable = at(`${longest}${'x'.repeat(10_000)}`);
    // Nothing that any compression could shorten so far.
    const random = randomBytes(2 * MAX_NOTE_BYTES).toString('base64url');
    writeNote(index, at(`/${random}`));
    expect(readNote(index)).toBeUndefined();
    for (const record of [at(longest), packable, RECORD]) {
      writeNote(index, record);
      expect(readNote(index)).toEqual(noteOf(record));
    }
  });

  it('has room for all files of a cue sheet with ninety-nine tracks', () => {
    const beside = Array.from({ length: 99 }, (_, i) => ({
      name: `An Album of Some Artist (Disc 1) (Track ${String(i + 1).padStart(2, '0')}).bin`,
      device: 2049n,
      inode: 1_311_000n + BigInt(i),
      modified: 1_700_000_000_000_000_000n + BigInt(randomInt(2 ** 40)),
      size: BigInt(2352 * randomInt(30_000)),
    }));
    const record = { ...RECORD, image: { ...RECORD.image, beside } };
    writeNote(index, record);
    expect(readNote(index)).toEqual(noteOf(record));
  });

  it.each([
    ...['', '{', '{}', '{"id":"../x"}', 'x'.repeat(MAX_NOTE_BYTES)],
    ...['\x01', '\x01\x05\x00xxxxx', '\x01\xff\xffx'],
  ])('that reads %j is none', (text) => {
    writeSync(index, Buffer.from(text, 'latin1'), 0, text.length, NOTE_OFFSET);
    expect(readNote(index)).toBeUndefined();
  });
});
