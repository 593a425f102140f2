// Size of a block device, for which stat says 0 and Node has neither ioctl nor lseek.
import { readFile } from 'node:fs/promises';
import type { FileFacts, FileIo } from './file-io.js';

/** Linux counts the size in units of 512 bytes whatever the device's own sector is (block/genhd.c). */
const SYSFS_UNIT = 512;
/** Steps of the search: sizes up to 2^52 bytes. */
const MAX_POWER = 52;

/** Bytes of an open block device; 0 when no medium is in. */
export async function measureBlockDevice(
  { fd, io }: { readonly fd: number; readonly io: FileIo },
  { specialDevice }: FileFacts,
): Promise<number> {
  return (await readSysfsSize(specialDevice)) ?? searchSize(fd, io);
}

/** Bytes of the device as the kernel knows them without looking at the medium; undefined without sysfs. */
export async function readSysfsSize(rdev: bigint): Promise<number | undefined> {
  // Encoding of dev_t: glibc gnu_dev_major and gnu_dev_minor.
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  try {
    const text = await readFile(`/sys/dev/block/${major}:${minor}/size`, 'utf8');
    return Number.parseInt(text, 10) * SYSFS_UNIT;
  } catch {
    return undefined;
  }
}

/** Looks for the last byte that can be read, without sysfs: first its power of two, then bit by bit. */
async function searchSize(fileDescriptor: number, io: FileIo): Promise<number> {
  const probe = new Uint8Array(1);
  const exists = async (position: number): Promise<boolean> => {
    try {
      return (await io.read(fileDescriptor, probe, position)) === 1;
    } catch {
      return false;
    }
  };
  if (!(await exists(0))) return 0;
  let last = 0;
  for (let power = MAX_POWER; power >= 0; power -= 1) {
    if (await exists(last + 2 ** power)) last += 2 ** power;
  }
  return last + 1;
}
