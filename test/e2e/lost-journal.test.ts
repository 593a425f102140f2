// The journal of mounts is damaged, lost, or says that mounts were begun again and again: what the next daemon makes
// of it.
import { existsSync } from 'node:fs';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_CRASHES } from '../../daemon/mounts/quarantined-mount.js';
import { mustRun } from '../../scripts/support/run-command.js';
import type { MountSummary } from '../../src/protocol/messages.js';
import { SMALL_IMAGE } from '../support/programs/daemon-process.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';
import { hasEnded } from '../support/programs/has-ended.js';

const READER = join(import.meta.dirname, '..', 'support', 'programs', 'patient-reader.mjs');
const MOUNTS = 2;

describe('A journal of mounts', () => {
  let isodrive: PrivateIsodrive;
  let mounts: MountSummary[];
  let journal: string;

  beforeEach(async () => {
    isodrive = await PrivateIsodrive.start();
    mounts = [];
    for (let i = 0; i < MOUNTS; i += 1) {
      const image = join(isodrive.folder, `disc-${i}.iso`);
      await copyFile(SMALL_IMAGE, image);
      mounts.push(await isodrive.mount(image, { driver: 'fuse' }));
    }
    await using client = await isodrive.connect();
    journal = `${(await client.call('status', {})).socket}.mounts`;
  });
  afterEach(() => isodrive[Symbol.asyncDispose]());

  const list = async (): Promise<readonly MountSummary[]> => {
    await using client = await isodrive.connect();
    return (await client.call('list', {}, { deadline: 20_000 })).mounts;
  };
  const pid = async (): Promise<number> => {
    await using client = await isodrive.connect();
    return (await client.call('version', {}, { deadline: 20_000 })).pid;
  };
  const places = (all: readonly MountSummary[]): unknown[] =>
    all.map(({ id, image, mountPoint, state, tree }) => [id, image, mountPoint, state, tree]).sort();

  it.each([
    ['damaged', () => writeFile(journal, '{"version":1,"mou')],
    ['lost', () => rm(journal)],
  ])('that is %s costs nobody a mount that is kept', async (how, harm) => {
    const reference = await isodrive.makeDirectory('reference-');
    await copyFile(join(mounts[0]!.mountPoint, 'COPYING'), join(reference, 'COPYING'));
    const stopFile = join(isodrive.folder, 'stop');
    const env = { ...process.env, ISODRIVE_STOP_FILE: stopFile };
    const args = [READER, reference, mounts[0]!.mountPoint, '0'];
    const reader = mustRun(process.execPath, args, { env, timeout: 60_000 });
    reader.catch(() => undefined);
    const before = await pid();
    await harm();
    process.kill(before, 'SIGKILL');
    await waitUntil(async () => (await pid().catch(() => before)) !== before, 20_000);
    expect(places(await list())).toEqual(places(mounts));
    expect(existsSync(`${journal}.damaged`)).toBe(how === 'damaged');
    await writeFile(stopFile, '');
    expect(JSON.parse((await reader).stdout.toString())).toMatchObject({ lost: 0 });
    for (const { mountPoint } of mounts) {
      expect(await readFile(join(mountPoint, 'COPYING'))).toHaveLength(17_992);
    }
  });

  it('has a mount begun once more after all others, and not for ever', async () => {
    const daemon = await pid();
    const status = await readFile(`/proc/${daemon}/status`, 'utf8');
    for (const one of [Number(/^PPid:\s+(\d+)$/m.exec(status)![1]), daemon]) process.kill(one, 'SIGKILL');
    await waitUntil(() => hasEnded(daemon));
    const held = JSON.parse(await readFile(journal, 'utf8')) as {
      mounts: { id: string; attempts: number }[];
    };
    const attempts = [MAX_CRASHES, MAX_CRASHES - 1];
    held.mounts.forEach((entry, i) => (entry.attempts = attempts[i]!));
    await writeFile(journal, JSON.stringify(held));
    await isodrive.daemon.start();
    const [left, again] = held.mounts.map(({ id }) => id);
    const states = Object.fromEntries((await list()).map(({ id, state }) => [id, state]));
    expect(states).toEqual({ [left!]: 'crashed', [again!]: 'ok' });
    const now = JSON.parse(await readFile(journal, 'utf8')) as typeof held;
    expect(now.mounts.find(({ id }) => id === again)).toMatchObject({ attempts: 0, state: 'mounted' });
    expect(isodrive.remainingMounts()).toHaveLength(1);
  });
});
