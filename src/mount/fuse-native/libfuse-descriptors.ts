// Which descriptors of /dev/fuse are libfuse's, and which of them serves a new mount. Other threads open and close
// descriptors at any time, so that a number can be another file's a moment later.
import { constants, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { FUSE_DEVICE } from '../probe-platform.js';

const FLAGS_LINE = /^flags:\s*([0-7]+)$/mu;

/**
 * Whether a number is a descriptor of /dev/fuse that libfuse has opened: our own ones are marked
 * (Addon.markDescriptor).
 */
export function isLibfuseDescriptor(descriptor: number): boolean {
  try {
    if (readlinkSync(`/proc/self/fd/${descriptor}`) !== FUSE_DEVICE) return false;
    const [, flags] = FLAGS_LINE.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')) ?? [];
    return flags !== undefined && (parseInt(flags, 8) & constants.O_APPEND) === 0;
  } catch {
    // It was closed meanwhile.
    return false;
  }
}

/** Synchronous, so that no other mount of ours begins meanwhile. */
export function listLibfuseDescriptors(): Set<number> {
  return new Set(readdirSync('/proc/self/fd').map(Number).filter(isLibfuseDescriptor));
}

/**
 * The descriptor of a mount that was just made, where one mount is made at a time: a number that was not there
 * `before`, or that of a mount that has ended meanwhile (`hasEnded`), which libfuse closed and got again.
 */
export function findNewDescriptor(
  before: ReadonlySet<number>,
  hasEnded: (descriptor: number) => boolean,
): number | undefined {
  const now = [...listLibfuseDescriptors()];
  return now.find((descriptor) => !before.has(descriptor)) ?? now.find(hasEnded);
}
