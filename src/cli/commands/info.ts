// isodrive info IMAGE: volumes, views, sessions, boot entries and findings, and where it is mounted. How much of the
// image is looked at: --brief, nothing, --check.
import { realHostPath } from '../../base/path-text.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { findSocket } from '../find-socket.js';
import { checkImage, checkShortly } from '../../present/inspect/check-image.js';
import { reportCopyProtection } from '../../present/inspect/copy-protection.js';
import { describeDamage, formatDamage } from '../../present/inspect/describe-damage.js';
import { describeImage, formatDescription } from '../../present/inspect/describe-image.js';
import { escapeHostText } from '../../base/display-name.js';
import type { RunCommand } from '../command-spec.js';
import { formatPassedOver, formatVerified } from '../format-mounts.js';
import { openForCommand } from '../open-for-command.js';
import { listMounts } from './list.js';

export const runInfo: RunCommand = async (args, { output, signal }) => {
  await using image = await openForCommand(args, signal);
  if (args.flag('check')) await checkImage(image, signal);
  else if (!args.flag('brief')) await checkShortly(image, signal);
  await reportCopyProtection(image, signal);
  const description = describeImage(image);
  const damage = await describeDamage(image, signal);
  // A drive of Windows is no file.
  const path = await realHostPath(image.source.name).catch(() => image.source.name);
  const all = await listMounts(findSocket(args).path, signal);
  const mounts = all.filter((mount) => mount.image === path);
  if (output.json) {
    await output.record({ schemaVersion: SCHEMA_VERSION, ...description, damage, mounts });
    return undefined;
  }
  await output.line(formatDescription(description));
  if (damage !== undefined) await output.line(formatDamage(damage));
  for (const mount of mounts) {
    const place = escapeHostText(mount.mountPoint);
    await output.line(`${'Mounted:'.padEnd(14)}${place}, ${mount.id} by ${mount.driver}`);
  }
  for (const line of formatVerified(mounts)) await output.line(`${'Verified:'.padEnd(14)}${line}`);
  for (const line of formatPassedOver(mounts)) await output.line(`${'Driver:'.padEnd(14)}${line}`);
  return undefined;
};
