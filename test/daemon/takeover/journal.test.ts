// The journal that one daemon leaves to the next.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../../../daemon/takeover/journal.js';
import { JOURNAL_ENTRY_SAMPLE as ENTRY } from '../../support/builders/journal-entry.js';
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
    journal.set(ENTRY);
    journal.set({ ...ENTRY, id: '12345678' });
    journal.update(ENTRY.id, { state: 'mounted', device: '0:40' });
    journal.delete('12345678');
    expect(open().entries).toEqual([{ ...ENTRY, state: 'mounted', device: '0:40' }]);
    expect(await readdir(folder)).toEqual(['mounts.json']);
  });

  it('is gone with the last mount', () => {
    const journal = open();
    journal.set(ENTRY);
    journal.delete(ENTRY.id);
    journal.update(ENTRY.id, { state: 'detached' });
    expect(existsSync(path)).toBe(false);
  });

  it('is read when a daemon has written it that knew no views, and has its way of looking then', async () => {
    const older = { ...ENTRY, view: undefined };
    await writeFile(path, JSON.stringify({ version: 1, mounts: [older] }));
    expect(open().entries).toEqual([ENTRY]);
  });

  it('loses no entry for the sake of another that makes no sense', async () => {
    const other = { ...ENTRY, id: '12345678', driver: 'of a later version' };
    await writeFile(path, JSON.stringify({ version: 1, mounts: [other, ENTRY] }));
    expect(open().entries).toEqual([ENTRY]);
    expect(await readdir(folder)).toEqual(['mounts.json', 'mounts.json.damaged']);
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
      journal.require(ENTRY);
      const long = { ...ENTRY, id: '12345678', image: `/${'x'.repeat(8000)}` };
      expect(() => journal.require(long)).toThrow('expected room on its disk');
      expect(journal.entries).toEqual([ENTRY]);
      expect(open().entries).toEqual([ENTRY]);
      expect(await readdir(folder)).toEqual(['mounts.json']);
    } finally {
      execFileSync('umount', ['--lazy', folder]);
    }
  });
});
