// The journal that one daemon leaves to the next.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../../../daemon/takeover/journal.js';
import {
  JOURNAL_ENTRY_SAMPLE as ENTRY,
  MOUNT_RECORD_SAMPLE as RECORD,
} from '../../support/builders/mount-record.js';
import { needs } from '../../support/needs.js';

describe('The journal of mounts', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-journal-'));
    path = join(folder, 'mounts.json');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = (): Journal => {
    const journal = new Journal(path, pino({ enabled: false }));
    journal.load();
    return journal;
  };

  it('gives the next daemon what the last one wrote, and leaves no other file', async () => {
    const journal = open();
    const made = { ...RECORD.made, device: '0:40' };
    journal.set(RECORD);
    journal.set({ ...RECORD, id: '12345678' });
    journal.update(RECORD.id, { state: 'mounted', made });
    journal.delete('12345678');
    expect(open().entries).toEqual([{ ...RECORD, state: 'mounted', made }]);
    expect(await readdir(folder)).toEqual(['mounts.json']);
  });

  it('is gone with the last mount', () => {
    const journal = open();
    journal.set(RECORD);
    journal.delete(RECORD.id);
    journal.update(RECORD.id, { state: 'detached' });
    expect(existsSync(path)).toBe(false);
  });

  it('is read when a daemon has written it that knew no views, and has its way of looking then', async () => {
    const older = { ...ENTRY, view: undefined };
    await writeFile(path, JSON.stringify({ version: 1, mounts: [older] }));
    expect(open().entries).toEqual([RECORD]);
  });

  it('has the form that daemons before and after this one read', async () => {
    const view = { session: 2, sectorOffset: 16, map: '/a.map', charset: 'big5', associated: true };
    const facts = { label: 'A', volumeSize: 2048, hasAttributes: true, isPlanned: true, isPlain: false };
    const entries = [
      ENTRY,
      {
        ...{
          ...ENTRY,
          id: '1',
          state: 'mounted',
          wantedTree: 'joliet',
          wantedDriver: 'fuse',
          device: '0:40',
        },
        ...{ view: { ...view, verify: true, wine: true }, allowOther: true, bound: true, traceFuse: true },
        owner: { uid: 1000, gid: 1001 },
        facts: { ...facts, isChecked: true, isDrive: false, sessions: [1, 2], session: 2 },
      },
      { ...ENTRY, id: '2', facts: { ...facts, isChecked: false, isDrive: true, sessions: [] } },
    ];
    await writeFile(path, JSON.stringify({ version: 1, mounts: entries }));
    const journal = open();
    expect(journal.find('1')).toMatchObject({
      wanted: {
        ...view,
        tree: 'joliet',
        driver: 'fuse',
        verify: true,
        wine: true,
        allowOther: true,
        bound: true,
      },
      image: { path: '/images/a.iso', owner: { uid: 1000, gid: 1001 } },
      made: { tree: 'rock-ridge', driver: 'fuse', device: '0:40' },
      facts: { sessions: [1, 2], session: 2 },
    });
    journal.update('1', {});
    // What is new has what it was before.
    const now = entries.map((entry) =>
      'facts' in entry
        ? { ...entry, facts: { ...entry.facts, plannedFiles: [0], kernelFiles: [], dataSize: 0 } }
        : entry,
    );
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: 1, mounts: now });
  });

  it('loses no entry for the sake of another that makes no sense', async () => {
    const other = { ...ENTRY, id: '12345678', driver: 'of a later version' };
    await writeFile(path, JSON.stringify({ version: 1, mounts: [other, ENTRY] }));
    expect(open().entries).toEqual([RECORD]);
    expect(await readdir(folder)).toEqual(['mounts.json', 'mounts.json.damaged']);
  });

  it('loses none for the sake of one whose image has an identity that makes no sense', async () => {
    const other = { ...ENTRY, id: '12345678', identity: { ...ENTRY.identity, inode: '1.5' } };
    await writeFile(path, JSON.stringify({ version: 1, mounts: [other, ENTRY] }));
    expect(open().entries).toEqual([RECORD]);
  });

  it.each(['', '{', '{"version":99,"mounts":[]}', '{"version":1,"mounts":[{"id":"../x"}]}'])(
    'that reads %j holds nothing, and is set aside',
    async (text) => {
      await writeFile(path, text);
      expect(open().entries).toEqual([]);
      expect(await readFile(`${path}.damaged`, 'utf8')).toBe(text);
    },
  );

  it('refuses what there is no room for, and keeps what it has', needs('root'), async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'none', folder]);
    try {
      const journal = open();
      journal.require(RECORD);
      const image = { ...RECORD.image, path: `/${'x'.repeat(8000)}` };
      const long = { ...RECORD, id: '12345678', image };
      expect(() => journal.require(long)).toThrow('expected room on its disk');
      expect(journal.entries).toEqual([RECORD]);
      expect(open().entries).toEqual([RECORD]);
      expect(await readdir(folder)).toEqual(['mounts.json']);
    } finally {
      execFileSync('umount', ['--lazy', folder]);
    }
  });
});
