// Fills UDF images through Linux's own udf, in a guest: every image is a disk, and one archive is unpacked onto each
// that can be written.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Guest } from './guest.js';
import type { GuestKernel } from './guest.js';

const SCRIPT = [
  'modprobe virtio_blk; modprobe udf',
  'for disk in /dev/vd?; do',
  '  result=refused',
  '  if busybox mount -t udf $disk /mnt || busybox mount -t udf -o ro $disk /mnt; then',
  '    result=read-only',
  '    if grep -q "^$disk .* rw" /proc/mounts; then',
  '      result="$(tar -C /mnt -xpf archive.tar 2>&1 && echo filled)"',
  '    fi',
  '    umount /mnt',
  '  fi',
  '  echo "@@${disk#/dev/} $result"',
  'done',
].join('\n');

/**
 * Boots once, unpacks `archive` onto each image, and gives for each "filled", "read-only", "refused" (Linux does not
 * mount it), or what went wrong. `folder` is scratch.
 */
export async function fillImages(
  kernel: GuestKernel,
  images: readonly string[],
  archive: Uint8Array,
  folder: string,
): Promise<string[]> {
  await writeFile(join(folder, 'archive.tar'), archive);
  const qemu = images.flatMap((image) => ['-drive', `file=${image},if=virtio,format=raw,cache=unsafe`]);
  const { output } = await Guest.run(kernel, { folder, script: SCRIPT, qemu });
  const results = Array.from(output.matchAll(/^@@(\w+) ([^\r\n]*)/gm), ([, , result]) => result!);
  if (results.length !== images.length) throw new Error(`Guest did not finish: ${output.slice(-2000)}`);
  return results;
}
