// The option string for libfuse 2. The package knows no way to ask for a read-only mount, so it is written here.
import type { MountRequest } from '../mount-driver.js';

/** The package copies options into 1024 bytes and cuts what is longer, which could cut off "ro". */
const MAX_OPTION_BYTES = 1000;
/** Seconds for which the kernel keeps names and attributes: a disc does not change. */
const CACHE_SECONDS = 31_536_000;

/** "-o" and the options; the image's path comes last and is cut when it is too long. */
export function formatMountOptions(request: MountRequest): string {
  const options = [
    'ro',
    'nosuid',
    'nodev',
    'default_permissions',
    'use_ino',
    'kernel_cache',
    `entry_timeout=${CACHE_SECONDS}`,
    `negative_timeout=${CACHE_SECONDS}`,
    `attr_timeout=${CACHE_SECONDS}`,
    'subtype=isodrive',
    ...(request.allowOther ? ['allow_other'] : []),
  ];
  let text = `-o${options.join(',')},fsname=`;
  for (const character of request.sourceName) {
    // libfuse takes a backslash as an escape and a comma as the next option (lib/fuse_opt.c).
    const escaped = character === ',' || character === '\\' ? `\\${character}` : character;
    if (Buffer.byteLength(text) + Buffer.byteLength(escaped) > MAX_OPTION_BYTES) break;
    text += escaped;
  }
  return text;
}
