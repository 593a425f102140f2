// Mounts as a table for people.
import type { MountSummary } from '../protocol/messages.js';
import { escapeForTerminal } from '../present/display-name.js';
import { formatTable } from './format-table.js';

const HEADINGS = ['ID', 'LABEL', 'TREE', 'DRIVER', 'STATE', 'MOUNT POINT', 'IMAGE'] as const;

/** Lines without their ends; none when there is no mount. */
export function formatMounts(mounts: readonly MountSummary[]): string[] {
  const rows = mounts.map((mount) =>
    [mount.id, mount.label, mount.tree, mount.driver, mount.state, mount.mountPoint, mount.image].map(
      (text) => escapeForTerminal(Buffer.from(text)),
    ),
  );
  return formatTable(HEADINGS, rows);
}

/** Why faster drivers do not serve the mounts, a line each. */
export function formatPassedOver(mounts: readonly MountSummary[]): string[] {
  return mounts.flatMap(({ id, driver, passedOver = [] }) =>
    passedOver.map((other) =>
      escapeForTerminal(Buffer.from(`${id}  ${driver}, not ${other.driver}: ${other.reason}`)),
    ),
  );
}
