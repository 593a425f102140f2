// What is known to be damaged in a mounted image, for those who mount it and look at it.
import type { DamageSummary } from '../../src/protocol/messages.js';
import type { MountFindings } from '../reader/mount-findings.js';

/** Messages that a summary carries. */
const MAX_MESSAGES = 3;
const FILE_BEYOND_END = 'file-beyond-end';

export interface ImageSizes {
  /** Bytes of the image, and what its volume says that it has. */
  readonly size: number;
  readonly volumeSize: number;
}

/** Undefined where nothing is. `isWhole`: all of the tree has been looked at. */
export function summarizeDamage(
  { findings }: Pick<MountFindings, 'findings'>,
  { size, volumeSize }: ImageSizes,
  isWhole: boolean,
): DamageSummary | undefined {
  const damage = findings.filter(({ severity }) => severity === 'damage');
  if (damage.length === 0) return undefined;
  const others = damage.filter(({ code }) => code !== FILE_BEYOND_END);
  const filesBeyondEnd = damage.length - others.length;
  const isTruncated = filesBeyondEnd > 0 || others.some(({ code }) => code === 'truncated-image');
  return {
    ...(isTruncated ? { endsAt: size, expectedSize: Math.max(size, volumeSize) } : {}),
    filesBeyondEnd,
    isWhole,
    messages: others.slice(0, MAX_MESSAGES).map(({ message }) => message),
  };
}
