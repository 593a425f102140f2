// The daemon's counters as Prometheus reads them (text format 0.0.4). Counters begin anew with each process.
import type { MountSummary } from '../src/protocol/messages.js';

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** Undefined: the mount has no such number. */
  readonly value: (mount: MountSummary) => number | undefined;
}

const MOUNT_METRICS: readonly Metric[] = [
  {
    name: 'isodrive_mount_requests_total',
    type: 'counter',
    help: 'Requests of the kernel.',
    value: ({ counters }) => counters?.requests,
  },
  {
    name: 'isodrive_mount_reads_total',
    type: 'counter',
    help: 'Requests for file content.',
    value: ({ counters }) => counters?.reads,
  },
  {
    name: 'isodrive_mount_read_bytes_total',
    type: 'counter',
    help: 'Bytes of file content that were asked for.',
    value: ({ counters }) => counters?.readBytes,
  },
  {
    name: 'isodrive_mount_busy_seconds_total',
    type: 'counter',
    help: 'Time spent on requests, waiting for the medium included.',
    value: ({ counters }) => counters?.busySeconds,
  },
  {
    name: 'isodrive_mount_entries',
    type: 'gauge',
    help: 'Entries in the index so far.',
    value: ({ entries }) => entries,
  },
  {
    name: 'isodrive_mount_findings',
    type: 'gauge',
    help: 'Faults met in the image so far.',
    value: ({ findings }) => findings,
  },
];

/** `withProcess`: what the daemon takes as well, which shows what all its users do. */
export function renderMetrics(mounts: readonly MountSummary[], withProcess = true): string {
  const lines = [
    ...describeMetric('isodrive_mounts', 'gauge', 'Mounts.'),
    `isodrive_mounts ${mounts.length}`,
    ...(withProcess ? describeProcess() : []),
  ];
  for (const { name, type, help, value } of MOUNT_METRICS) {
    lines.push(...describeMetric(name, type, help));
    for (const mount of mounts) {
      const found = value(mount);
      const labels = `id="${mount.id}",driver="${mount.driver}",image="${escapeLabel(mount.image)}"`;
      if (found !== undefined) lines.push(`${name}{${labels}} ${found}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function describeProcess(): string[] {
  return [
    ...describeMetric('isodrive_resident_memory_bytes', 'gauge', 'Resident memory of the daemon.'),
    `isodrive_resident_memory_bytes ${process.memoryUsage.rss()}`,
    ...describeMetric('isodrive_uptime_seconds', 'gauge', 'Time since the daemon started.'),
    `isodrive_uptime_seconds ${process.uptime().toFixed(3)}`,
  ];
}

function describeMetric(name: string, type: Metric['type'], help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
