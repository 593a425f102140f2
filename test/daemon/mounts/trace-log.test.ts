// A mount whose requests are written to the log, and what those who watch hear of it.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import type { DaemonEvent } from '../../../src/protocol/messages.js';
import { DaemonProcess, SMALL_IMAGE } from '../../support/programs/daemon-process.js';
import { waitUntil } from '../../support/programs/private-isodrive.js';

describe('The requests of a mount', () => {
  it('are in the log when they are traced, each with what it was about, and otherwise not', async () => {
    await using daemon = await DaemonProcess.start();
    const directory = await mkdtemp(join(tmpdir(), 'isodrive-trace-'));
    const traced = async (): Promise<Record<string, unknown>[]> => {
      const lines = (await readFile(join(daemon.folder, 'log'), 'utf8')).trim().split('\n');
      return lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ msg }) => msg === 'fuse');
    };
    try {
      await using client = await daemon.connect();
      const events: DaemonEvent[] = [];
      client.onEvent = (event) => events.push(event);
      await client.call('watch', {});
      const params = { image: SMALL_IMAGE, directory, driver: 'fuse' } as const;
      const { mount } = await client.call('mount', params);
      await mustRun('ls', [directory]);
      expect(await traced()).toEqual([]);
      await client.call('mount', { ...params, traceFuse: true });
      await mustRun('cat', [join(directory, 'COPYING')]);
      await mustRun('test', ['!', '-e', join(directory, 'missing')]);
      await waitUntil(async () => (await traced()).some(({ opcode }) => opcode === 'READ'));
      const read = (await traced()).find(({ opcode }) => opcode === 'READ')!;
      expect(read).toMatchObject({ id: mount.id, offset: 0, errno: 0 });
      expect(read.size).toBeGreaterThanOrEqual(17_992);
      expect(read.node).toBeGreaterThan(1);
      expect(read.microseconds).toBeGreaterThanOrEqual(0);
      await waitUntil(() => events.some(({ event }) => event === 'activity'));
      const activity = events.find((event) => event.event === 'activity')!;
      expect(activity.mount.id).toBe(mount.id);
      expect(activity.counters.requests).toBeGreaterThan(0);
      await client.call('unmount', { all: true });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
