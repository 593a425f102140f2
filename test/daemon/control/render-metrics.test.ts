// The counters as Prometheus reads them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatDriveMetrics } from '../../../daemon/control/render-drive-metrics.js';
import { renderMetrics } from '../../../daemon/control/render-metrics.js';
import { summarizeCounters } from '../../../daemon/mounts/summarize-counters.js';
import { mustRun } from '../../../scripts/support/run-command.js';
import type { MountSummary } from '../../../src/protocol/messages.js';
import { DaemonProcess, SMALL_IMAGE } from '../../support/programs/daemon-process.js';
import { ServedDrive } from '../../support/programs/served-drive.js';

async function get(daemon: DaemonProcess, path: string): Promise<string> {
  const { socket } = daemon.connectRaw();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: isodrive\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('The metrics', () => {
  it('name each mount, escape its path, and leave out what its driver does not count', () => {
    const mount = { id: '1', driver: 'fuse', image: 'a"b\\c\nd', entries: 5, findings: 0 } as MountSummary;
    const text = renderMetrics([mount]);
    expect(text).toContain('\nisodrive_mounts 1\n');
    expect(text).toContain('\nisodrive_mount_entries{id="1",driver="fuse",image="a\\"b\\\\c\\nd"} 5\n');
    expect(text).not.toContain('isodrive_mount_reads_total{');
  });

  it('have the time to answer as a histogram, whose buckets add up', () => {
    const counters = summarizeCounters({
      ...{ requests: 4, reads: 3, readBytes: 4096, waitedReads: 1, decodedReads: 1, busySeconds: 0.5 },
      ...{ latency: [0, 2, 1, 1], readLatency: [0, 2, 0, 1] },
    });
    const text = renderMetrics([{ id: '1', driver: 'fuse', image: 'a', counters } as MountSummary]);
    const labels = 'id="1",driver="fuse",image="a"';
    for (const [bound, count] of [
      ['0.000001', 0],
      ['0.000002', 2],
      ['0.000004', 3],
      ['+Inf', 4],
    ] as const) {
      expect(text).toContain(`\nisodrive_mount_request_seconds_bucket{${labels},le="${bound}"} ${count}\n`);
    }
    expect(text).toContain(`\nisodrive_mount_request_seconds_sum{${labels}} 0.5\n`);
    expect(text).toContain(`\nisodrive_mount_request_seconds_count{${labels}} 4\n`);
    expect(text).toContain(`\nisodrive_mount_cached_reads_total{${labels}} 1\n`);
    expect(counters.latencyMicroseconds).toEqual({ p50: 2, p99: 8 });
    expect(counters.readLatencyMicroseconds).toEqual({ p50: 2, p99: 8 });
  });

  it('are served over HTTP on the control socket, and count what was read', async () => {
    await using daemon = await DaemonProcess.start();
    await using client = await daemon.connect();
    // So that all of it is in memory.
    await readFile(SMALL_IMAGE);
    const { mount } = await client.call('mount', { image: SMALL_IMAGE, driver: 'fuse' });
    await mustRun('cat', [join(mount.mountPoint, 'COPYING')]);
    const add = (histogram: readonly number[]): number => histogram.reduce((sum, count) => sum + count, 0);
    // A request counts when it is taken, its time to answer only when it has been answered.
    await expect
      .poll(async () => {
        const { mounts } = await client.call('status', {});
        const counters = mounts[0]!.counters!;
        const { reads, waitedReads, cachedReads, decodedReads } = counters;
        const unanswered = counters.requests - add(counters.latency);
        return {
          reads,
          waitedReads,
          cachedReads,
          decodedReads,
          unanswered,
          timed: add(counters.readLatency),
        };
      })
      .toEqual({ reads: 1, waitedReads: 0, cachedReads: 1, decodedReads: 0, unanswered: 0, timed: 1 });
    const metrics = await get(daemon, '/metrics');
    expect(metrics).toMatch(/^HTTP\/1\.1 200 OK\r\n/u);
    expect(metrics).toContain(`isodrive_mount_reads_total{id="${mount.id}",driver="fuse"`);
    expect(await get(daemon, '/other')).toMatch(/^HTTP\/1\.1 404 /u);
  });

  it('count what peers do to drives that are served, and leave out those that have no peers', () => {
    const logins = { failed: 3, refused: 2, refusedAddresses: 1 };
    const rest = { uris: [], images: [], open: [] };
    const text = formatDriveMetrics([
      { ...rest, process: 7 },
      { ...rest, process: 8, counters: { connections: 5, logins } },
    ]);
    expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      'isodrive_drive_connections{process="8"} 5',
      'isodrive_drive_failed_logins_total{process="8"} 3',
      'isodrive_drive_refused_logins_total{process="8"} 2',
      'isodrive_drive_refused_addresses{process="8"} 1',
      '',
    ]);
    expect(formatDriveMetrics([{ ...rest, process: 7 }])).toBe('');
  });

  it('have the drives that the same user serves', async () => {
    await using daemon = await DaemonProcess.start();
    const args = [SMALL_IMAGE, '--nbd', '--listen', '127.0.0.1:0'];
    await using drive = await ServedDrive.start(args, { ISODRIVE_SOCKET: daemon.socketPath });
    expect(await get(daemon, '/metrics')).toContain(
      `isodrive_drive_failed_logins_total{process="${drive.process}"} 0\n`,
    );
  });
});
