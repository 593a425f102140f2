// Mounts as a table for people.
import type { MountSummary } from '../protocol/messages.js';
import { escapeHostText, escapeText } from '../base/display-name.js';
import { formatCount } from './count-text.js';
import { formatCounters } from './format-counters.js';
import { formatTable } from './format-table.js';

const HEADINGS = ['ID', 'LABEL', 'TREE', 'DRIVER', 'STATE', 'MOUNT POINT', 'IMAGE'];

/** Lines without their ends; none when there is no mount. */
export function formatMounts(mounts: readonly MountSummary[]): Promise<string[]> {
  const hasOwners = mounts.some(({ owner }) => owner !== undefined);
  const headings = [...HEADINGS, ...(hasOwners ? ['USER'] : [])];
  const rows = mounts.map((mount) => [
    ...[mount.id, mount.label, mount.tree, mount.driver, mount.state, mount.mountPoint, mount.image],
    ...(hasOwners ? [String(mount.owner ?? '')] : []),
  ]);
  return formatTable(headings, rows);
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
    passedOver.map((other) => escapeHostText(`${id}  ${driver}, not ${other.driver}: ${other.reason}`)),
  );
}

/** What verification has said of a mount's files so far, lines for people. */
export function formatVerified(mounts: readonly MountSummary[]): string[] {
  return mounts.flatMap(({ id, verified }) => {
    if (verified === undefined) return [];
    const { files, ...counts } = verified;
    const states = Object.entries(counts).map(([state, count]) => `${count} ${state}`);
    return [`${id}  ${states.join(', ')}`, ...files.map((path) => `${id}  mismatch: ${escapeText(path)}`)];
  });
}
