// The daemon's counters as Prometheus reads them (text format 0.0.4). Counters begin anew with each process.
import type { DaemonStatus, MountSummary } from '../../src/protocol/messages.js';

const MICROSECONDS = 1_000_000;

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
    name: 'isodrive_mount_cached_reads_total',
    type: 'counter',
    help: 'Reads that were answered from memory.',
    value: ({ counters }) => counters?.cachedReads,
  },
  {
    name: 'isodrive_mount_decoded_reads_total',
    type: 'counter',
    help: 'Reads of content that had to be decoded.',
    value: ({ counters }) => counters?.decodedReads,
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

/** How the daemon itself is, which shows what all its users do. */
export type ProcessHealth = Required<Pick<DaemonStatus, 'keeper' | 'lostLogLines'>>;

/** `health`: given where the caller may see what the daemon takes. */
export function renderMetrics(mounts: readonly MountSummary[], health?: ProcessHealth): string {
  const lines = [
    ...describeMetric('isodrive_mounts', 'gauge', 'Mounts.'),
    `isodrive_mounts ${mounts.length}`,
    ...(health === undefined ? [] : describeProcess(health)),
  ];
  for (const { name, type, help, value } of MOUNT_METRICS) {
    lines.push(...describeMetric(name, type, help));
    for (const mount of mounts) {
      const found = value(mount);
      if (found !== undefined) lines.push(`${name}{${labelsOf(mount)}} ${found}`);
    }
  }
  lines.push(...renderLatency(mounts));
  return `${lines.join('\n')}\n`;
}

function describeProcess({ keeper, lostLogLines }: ProcessHealth): string[] {
  return [
    ...describeMetric('isodrive_resident_memory_bytes', 'gauge', 'Resident memory of the daemon.'),
    `isodrive_resident_memory_bytes ${process.memoryUsage.rss()}`,
    ...describeMetric('isodrive_uptime_seconds', 'gauge', 'Time since the daemon started.'),
    `isodrive_uptime_seconds ${process.uptime().toFixed(3)}`,
    ...describeMetric('isodrive_keeper_alive', 'gauge', 'Whether a successor would go on with the mounts.'),
    `isodrive_keeper_alive ${keeper === 'alive' ? 1 : 0}`,
    ...describeMetric('isodrive_log_lines_dropped_total', 'counter', 'Lines that the log did not take.'),
    `isodrive_log_lines_dropped_total ${lostLogLines}`,
  ];
}

/** A histogram as Prometheus has it: each bucket holds all that are at most as long. */
function renderLatency(mounts: readonly MountSummary[]): string[] {
  const name = 'isodrive_mount_request_seconds';
  const lines = describeMetric(
    name,
    'histogram',
    'Time from request to answer, waiting for the medium included.',
  );
  for (const mount of mounts) {
    const { counters } = mount;
    if (counters === undefined) continue;
    const labels = labelsOf(mount);
    let count = 0;
    for (const [i, more] of counters.latency.entries()) {
      count += more;
      const bound = i === counters.latency.length - 1 ? '+Inf' : String(2 ** i / MICROSECONDS);
      lines.push(`${name}_bucket{${labels},le="${bound}"} ${count}`);
    }
    lines.push(`${name}_sum{${labels}} ${counters.busySeconds}`, `${name}_count{${labels}} ${count}`);
  }
  return lines;
}

function labelsOf({ id, driver, image }: MountSummary): string {
  return `id="${id}",driver="${driver}",image="${escapeLabel(image)}"`;
}

function describeMetric(name: string, type: Metric['type'] | 'histogram', help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
