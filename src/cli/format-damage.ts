// What a command says of a damaged image that it has mounted, in one line.
import type { DamageSummary } from '../protocol/messages.js';
import { formatBytes, formatCount } from './count-text.js';

export function formatDamage({
  endsAt,
  expectedSize,
  filesBeyondEnd,
  isWhole,
  messages,
}: DamageSummary): string {
  const where = '; see isodrive info IMAGE';
  if (endsAt === undefined || expectedSize === undefined) {
    return `the image is damaged: ${messages[0] ?? 'some of it cannot be read'}${where}`;
  }
  const end =
    endsAt < expectedSize
      ? `the image ends at ${formatBytes(endsAt)} of ${formatBytes(expectedSize)}`
      : `the image ends at ${formatBytes(endsAt)}, and files reach beyond it`;
  if (filesBeyondEnd === 0) return `${end}: what lies beyond cannot be read${where}`;
  const least = isWhole ? '' : 'at least ';
  return `${end}: ${least}${formatCount(filesBeyondEnd, 'file', 'files')} cannot be read whole${where}`;
}
