// isodrive status: the daemon and what it holds. Exit code 8 when none runs.
import { ControlClient } from '../../protocol/client.js';
import { escapeHostText } from '../../base/display-name.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { findSocket } from '../find-socket.js';
import type { RunCommand } from '../command-spec.js';
import { describeAge } from '../daemon-age.js';
import { formatBytes, formatCount, formatSeconds } from '../count-text.js';
import { KEEPERS } from '../keeper-text.js';
import { formatActivity, formatMounts, formatPassedOver } from '../format-mounts.js';

const STATUS_DEADLINE = 15_000;

export const runStatus: RunCommand = async (args, { output, signal }) => {
  await using client = await ControlClient.connect(findSocket(args).path);
  const status = await client.call('status', {}, { signal, deadline: STATUS_DEADLINE });
  if (output.json) {
    await output.record({ schemaVersion: SCHEMA_VERSION, ...status });
    return undefined;
  }
  await output.line(`isodrived ${status.version}, process ${status.pid}, up ${formatSeconds(status.uptime)}`);
  const age = describeAge(status.version);
  if (age !== undefined) output.note(age);
  await output.line(`socket  ${escapeHostText(status.socket)}`);
  await output.line(`log     ${escapeHostText(status.log ?? 'stderr of the daemon')}`);
  if (status.memory !== undefined) await output.line(`memory  ${formatBytes(status.memory)}`);
  const { keeper, lostLogLines = 0 } = status;
  if (keeper !== undefined) await output.line(`keeper  ${KEEPERS[keeper]}`);
  if (lostLogLines > 0) {
    const were = lostLogLines === 1 ? 'was' : 'were';
    await output.line(`lost    ${formatCount(lostLogLines, 'log line', 'log lines')} ${were} dropped`);
  }
  await output.line(`mounts  ${status.mounts.length === 0 ? 'none' : status.mounts.length}`);
  for (const line of await formatMounts(status.mounts)) await output.line(line);
  for (const line of formatActivity(status.mounts)) await output.line(line);
  for (const line of formatPassedOver(status.mounts)) await output.line(line);
  return undefined;
};
