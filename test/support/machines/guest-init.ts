// What a guest starts with: an initial RAM disk of busybox and a few modules that puts the root file system together
// and hands over to the script, or to systemd which runs it.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { mustRun } from '../../../scripts/support/run-command.js';

export type GuestInit = 'script' | 'systemd';

export interface GuestStart {
  readonly modules: string;
  readonly folder: string;
  readonly init: GuestInit;
  readonly network: boolean;
}

/** What the root needs; everything else is loaded by modprobe, from the guest's /lib/modules. */
const MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];
const UNIT = 'isodrive-guest.service';
const SHARE = 'trans=virtio,version=9p2000.L,msize=262144';

/** Writes the RAM disk and the script that is process 1 or systemd's unit; gives the RAM disk. */
export async function writeGuestInit(start: GuestStart): Promise<string> {
  const { modules, folder } = start;
  const root = join(folder, 'initrd.d');
  for (const name of ['bin', 'mod', 'dev', 'proc', 'sys', 'lower', 'upper', 'new']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  const { stdout } = await mustRun('sh', ['-c', 'command -v busybox']);
  copyFileSync(stdout.toString().trim(), join(root, 'bin', 'busybox'));
  const files = withDependencies(modules, MODULES);
  for (const file of files) copyFileSync(join(modules, file), join(root, 'mod', basename(file)));
  writeFileSync(
    join(root, 'init'),
    initScript(
      start,
      files.map((file) => basename(file)),
    ),
  );
  writeFileSync(join(folder, 'main'), mainScript(start));
  for (const file of [join(root, 'init'), join(folder, 'main')]) chmodSync(file, 0o755);
  const initrd = join(folder, 'initrd');
  await mustRun('sh', ['-c', 'cd "$1" && find . | cpio -o -H newc --quiet > "$2"', 'sh', root, initrd]);
  return initrd;
}

/** Files of the modules and of what they need, in the order in which they can be loaded. */
function withDependencies(modules: string, names: readonly string[]): string[] {
  const lines = readFileSync(join(modules, 'modules.dep'), 'utf8').split('\n');
  const order = new Set<string>();
  for (const name of names) {
    // FILE: WHAT IT NEEDS, in the reverse order of loading.
    const line = lines.find((text) => basename(text.split(':')[0]!) === `${name}.ko`);
    if (line === undefined) throw new Error(`Kernel has no module "${name}" in ${modules}`);
    const [file, needed] = line.split(':') as [string, string];
    for (const each of [...needed.trim().split(' ').reverse(), file]) if (each !== '') order.add(each);
  }
  return [...order];
}

function initScript({ modules, folder, init, network }: GuestStart, files: readonly string[]): string {
  const unit = [
    ...['[Unit]', 'Wants=basic.target', 'After=basic.target', 'DefaultDependencies=no', 'AllowIsolate=yes'],
    ...['[Service]', `ExecStart=${folder}/main`, 'KillMode=process', 'OOMScoreAdjust=-900'],
  ];
  const systemd = [
    // Its fstab and its clean-up of /tmp are the host's, where the project may be.
    ': > etc/fstab; mkdir -p etc/tmpfiles.d; : > etc/tmpfiles.d/tmp.conf; : > etc/machine-id',
    `printf '%s\\n' ${unit.map((line) => `'${line}'`).join(' ')} > etc/systemd/system/${UNIT}`,
    `exec switch_root /new /lib/systemd/systemd --unit=${UNIT}`,
  ];
  const lines = [
    '#!/bin/busybox sh',
    '/bin/busybox --install -s /bin; export PATH=/bin',
    'mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev',
    ...files.map((file) => `insmod /mod/${file}`),
    `mount -t 9p -o ro,${SHARE},cache=loose host /lower`,
    'mount -t tmpfs -o mode=755 upper /upper; mkdir /upper/changes /upper/work',
    'mount -t overlay -o lowerdir=/lower,upperdir=/upper/changes,workdir=/upper/work root /new',
    'cd /new',
    `mkdir -p .${folder} ./lib/modules`,
    `mount -t 9p -o ${SHARE},cache=none folder .${folder}`,
    `mount --bind /lower${dirname(modules)} ./lib/modules`,
    'mount --move /proc proc; mount --move /sys sys; mount --move /dev dev; mount -t tmpfs -o mode=755 run run',
    'mkdir -p dev/pts dev/shm; mount -t devpts devpts dev/pts; mount -t tmpfs -o mode=1777 shm dev/shm',
    ...(network
      ? [
          'chroot . modprobe virtio_net',
          'ifconfig eth0 10.0.2.15 netmask 255.255.255.0',
          'route add default gw 10.0.2.2',
        ]
      : []),
    'ifconfig lo 127.0.0.1',
    ...(init === 'systemd' ? systemd : [`exec switch_root /new ${folder}/main`]),
  ];
  return `${lines.join('\n')}\n`;
}

function mainScript({ folder }: GuestStart): string {
  return [
    '#!/bin/sh',
    `cd ${folder}`,
    'bash script > output 2>&1 < /dev/null',
    'echo $? > status',
    'sync',
    'exec busybox reboot -f',
    '',
  ].join('\n');
}
