// Mounts as a table for people.
import type { MountSummary } from '../protocol/messages.js';
import { escapeForTerminal } from '../present/display-name.js';
import { formatCount } from './count-text.js';
import { formatCounters } from './format-counters.js';

const HEADINGS = ['ID', 'LABEL', 'TREE', 'DRIVER', 'STATE', 'MOUNT POINT', 'IMAGE'];

/** Lines without their ends; none when there is no mount. */
export function formatMounts(mounts: readonly MountSummary[]): string[] {
  if (mounts.length === 0) return [];
  const hasOwners = mounts.some(({ owner }) => owner !== undefined);
  const rows = [
    [...HEADINGS, ...(hasOwners ? ['USER'] : [])],
    ...mounts.map((mount) =>
      [
        ...[mount.id, mount.label, mount.tree, mount.driver, mount.state, mount.mountPoint, mount.image],
        ...(hasOwners ? [String(mount.owner ?? '')] : []),
      ].map((text) => escapeForTerminal(Buffer.from(text)) || '-'),
    ),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

/** What the mounts have done, and what is wrong with them, a line each. */
export function formatActivity(mounts: readonly MountSummary[]): string[] {
  return mounts.map(({ id, findings, counters }) => {
    const faults = formatCount(findings, 'finding', 'findings');
    return `${id}  ${faults}${counters === undefined ? '' : `, ${formatCounters(counters)}`}`;
  });
}

/** Why faster drivers do not serve the mounts, a line each. */
export function formatPassedOver(mounts: readonly MountSummary[]): string[] {
  return mounts.flatMap(({ id, driver, passedOver = [] }) =>
    passedOver.map((other) =>
      escapeForTerminal(Buffer.from(`${id}  ${driver}, not ${other.driver}: ${other.reason}`)),
    ),
  );
}
