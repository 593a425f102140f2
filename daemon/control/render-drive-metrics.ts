// The counters of drives that this user serves, as Prometheus reads them: their servers are processes of their own.
import { listServedDrives } from '../../src/drive/served-drives.js';
import type { ServedDrive, ServerCounters } from '../../src/drive/served-drives.js';

const METRICS: readonly [
  name: string,
  type: string,
  help: string,
  value: (counters: ServerCounters) => number,
][] = [
  ['connections', 'gauge', 'Connections to the server that are open.', ({ connections }) => connections],
  ['failed_logins_total', 'counter', 'Logins by CHAP or TLS that failed.', ({ logins }) => logins.failed],
  [
    'refused_logins_total',
    'counter',
    'Logins that were refused because too many of that address had failed.',
    ({ logins }) => logins.refused,
  ],
  [
    'refused_addresses',
    'gauge',
    'Addresses whose logins are refused now.',
    ({ logins }) => logins.refusedAddresses,
  ],
];

/** `folder`: where the servers tell of themselves. Empty where nothing is served; never rejects. */
export async function renderDriveMetrics(folder: string): Promise<string> {
  return formatDriveMetrics(await listServedDrives(folder));
}

export function formatDriveMetrics(drives: readonly ServedDrive[]): string {
  const counted = drives.flatMap(({ process, counters }) => (counters ? [{ process, counters }] : []));
  if (counted.length === 0) return '';
  const lines = METRICS.flatMap(([suffix, type, help, value]) => {
    const name = `isodrive_drive_${suffix}`;
    const values = counted.map(({ process, counters }) => `${name}{process="${process}"} ${value(counters)}`);
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...values];
  });
  return `${lines.join('\n')}\n`;
}
