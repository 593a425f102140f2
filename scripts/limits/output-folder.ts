// Where `extract` writes when it is measured: in memory, where the system has room there. What a disk's file system
// takes to make a file is not isodrive's: ext4 without a journal looks at each inode that was freed in the last
// minutes, so that a plain program, too, takes 0.2 ms to 0.5 ms of processor time a file after many were removed, a
// hundred times what it takes otherwise (fs/ext4/ialloc.c, recently_deleted).
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const MEMORY_FOLDER = '/dev/shm';
/** Type of tmpfs (linux/magic.h). */
const TMPFS_MAGIC = 0x0102_1994;
/** More than any image of the corpus comes to, and the largest that is written here. */
const WANTED_BYTES = 2 * 1024 ** 3;

export function findOutputFolder(): string {
  try {
    const { type, bavail, bsize } = statfsSync(MEMORY_FOLDER);
    if (type === TMPFS_MAGIC && bavail * bsize >= WANTED_BYTES) return MEMORY_FOLDER;
  } catch {
    // There is none.
  }
  return tmpdir();
}
