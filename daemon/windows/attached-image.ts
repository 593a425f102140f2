// An image that Windows has attached, as the daemon knows it and keeps it for a successor.
import { z } from 'zod';
import { POOL_IO } from '../../src/io/file-io.js';
import type { AttachedDisk } from '../../src/mount/windows/virtual-disk.js';
import type { MountSummary, UnmountedSummary } from '../../src/protocol/messages.js';
import { compareIdentity, parseIdentity, readIdentity } from '../reader/image-identity.js';
import type { MountNames } from '../mounts/find-target.js';

export const ATTACHED_IMAGE = z.object({
  id: z.string().regex(/^[0-9a-f]{1,16}$/u),
  /** Absolute path of the image, without symlinks. */
  image: z.string(),
  /** Of the image when it was attached; decimal, as they may exceed what a number holds. */
  identity: z.object({ device: z.string(), inode: z.string(), modified: z.string(), size: z.string() }),
  letter: z.string().regex(/^[A-Z]:$/u),
  device: z.string(),
  /** How it got its letter, where that was chosen. */
  kind: z.enum(['system', 'session']).optional(),
  label: z.string(),
  /** As Windows calls it: "CDFS" or "UDF". */
  fileSystem: z.string(),
  /** ISO 8601, UTC. */
  mountedAt: z.string(),
});
export type AttachedImage = z.infer<typeof ATTACHED_IMAGE>;

export function diskOf({ letter, device, kind }: AttachedImage): AttachedDisk {
  return { letter, device, kind };
}

export function nameAttached({ id, image, letter }: AttachedImage): UnmountedSummary {
  return { id, image, mountPoint: `${letter}\\` };
}

/** Paths in lower case: Windows does not tell them apart by it. */
export function namesOfAttached({ id, image, letter, label }: AttachedImage): MountNames {
  return { id, label, directory: `${letter}\\`.toLowerCase(), path: image.toLowerCase() };
}

export async function describeAttached(mount: AttachedImage): Promise<MountSummary> {
  const identity = parseIdentity(mount.identity);
  return {
    ...nameAttached(mount),
    label: mount.label,
    tree: mount.fileSystem === 'UDF' ? 'udf' : 'cdfs',
    driver: 'windows',
    // As drives are: of the whole machine, but for a letter of the session.
    allowOther: mount.kind !== 'session',
    size: Number(identity.size),
    mountedAt: mount.mountedAt,
    state: compareIdentity(identity, await readIdentity(mount.image, POOL_IO)),
    findings: 0,
    entries: 0,
  };
}
