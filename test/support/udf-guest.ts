// Fills UDF images through Linux's own udf: boots a Debian kernel under QEMU, without any privilege of this machine, with
// every image as a disk, and unpacks one archive onto each that can be written.
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasProgram, mustRun } from '../../scripts/bench/run-command.js';

/** In the order in which they need each other. */
const MODULES = [
  ...['virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'virtio_blk'],
  ...['cdrom', 'crc-itu-t', 'udf'],
];
const BUSYBOX = '/bin/busybox';
/** Milliseconds; a boot takes some seconds, each disk less than one. */
const TIME_LIMIT = 240_000;

export interface GuestKernel {
  readonly image: string;
  /** Module files by name. */
  readonly modules: ReadonlyMap<string, string>;
}

/** A kernel package of Debian unpacked at ISODRIVE_GUEST_KERNEL, when all programs are there too; or undefined. */
export async function findGuestKernel(): Promise<GuestKernel | undefined> {
  const folder = process.env.ISODRIVE_GUEST_KERNEL;
  if (folder === undefined || !existsSync(join(folder, 'boot')) || !existsSync(BUSYBOX)) return undefined;
  for (const program of ['qemu-system-x86_64', 'cpio', 'mkudffs']) {
    if (!(await hasProgram(program))) return undefined;
  }
  const image = readdirSync(join(folder, 'boot')).find((name) => name.startsWith('vmlinuz'));
  if (image === undefined) return undefined;
  const files = readdirSync(join(folder, 'lib', 'modules'), { recursive: true, encoding: 'utf8' });
  const modules = new Map<string, string>();
  for (const file of files) {
    const [, name] = /([^/]+)\.ko$/.exec(file) ?? [];
    if (name !== undefined) modules.set(name, join(folder, 'lib', 'modules', file));
  }
  return { image: join(folder, 'boot', image), modules };
}

/**
 * Boots once, unpacks `archive` onto each image, and gives for each "filled", "read-only", "refused" (Linux does not mount
 * it), or what went wrong. `folder` is scratch.
 */
export async function fillImages(
  kernel: GuestKernel,
  images: readonly string[],
  archive: Uint8Array,
  folder: string,
): Promise<string[]> {
  const initrd = join(folder, 'initrd');
  await buildInitrd(kernel, archive, join(folder, 'root'), initrd);
  const console = join(folder, 'console');
  const disks = images.flatMap((image) => ['-drive', `file=${image},if=virtio,format=raw,cache=unsafe`]);
  await mustRun(
    'qemu-system-x86_64',
    [
      ...['-cpu', 'max', '-m', '512', '-nodefaults', '-no-reboot', '-display', 'none', '-monitor', 'none'],
      ...['-serial', `file:${console}`, '-kernel', kernel.image, '-initrd', initrd],
      ...['-append', 'console=ttyS0 panic=-1 quiet', ...disks],
    ],
    { timeout: TIME_LIMIT },
  );
  const said = await readFile(console, 'latin1');
  const results = Array.from(said.matchAll(/^@@(\w+) ([^\r\n]*)/gm), ([, , result]) => result!);
  if (results.length !== images.length) throw new Error(`Guest did not finish: ${said.slice(-2000)}`);
  return results;
}

async function buildInitrd(
  kernel: GuestKernel,
  archive: Uint8Array,
  root: string,
  initrd: string,
): Promise<void> {
  for (const folder of ['bin', 'mod', 'dev', 'proc', 'sys', 'mnt']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  copyFileSync(BUSYBOX, join(root, 'bin', 'busybox'));
  const present = MODULES.flatMap((name) => kernel.modules.get(name) ?? []);
  for (const file of present) copyFileSync(file, join(root, 'mod', basename(file)));
  writeFileSync(join(root, 'archive.tar'), archive);
  const script = [
    '#!/bin/busybox sh',
    'bb=/bin/busybox',
    '$bb mount -t proc proc /proc; $bb mount -t sysfs sys /sys; $bb mount -t devtmpfs dev /dev',
    ...present.map((file) => `$bb insmod /mod/${basename(file)}`),
    'for disk in /dev/vd?; do',
    '  result=refused',
    '  if $bb mount -t udf $disk /mnt || $bb mount -t udf -o ro $disk /mnt; then',
    '    result=read-only',
    '    if $bb grep -q "^$disk .* rw" /proc/mounts; then',
    '      result="$(cd /mnt && $bb tar -xpf /archive.tar 2>&1 && echo filled)"',
    '    fi',
    '    $bb umount /mnt',
    '  fi',
    '  echo; echo "@@${disk#/dev/} $result"',
    'done',
    '$bb sync; $bb reboot -f',
  ];
  writeFileSync(join(root, 'init'), `${script.join('\n')}\n`, { mode: 0o755 });
  const command = 'cd "$1" && find . | cpio -o -H newc --quiet > "$2"';
  await mustRun('/bin/sh', ['-c', command, 'sh', root, initrd]);
}
