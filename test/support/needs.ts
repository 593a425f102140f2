// What tests need of the machine beyond the README's packages: `it('name', needs('xorriso', 'root'), ...)` is skipped
// where one of these is not there, and the summary (summary-reporter.ts) says which, and the package that has it.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import type { TaskMeta } from 'vitest';
import type { DriverName } from '../../src/options/driver-names.js';
import { findCorpus } from './corpus.js';

declare module 'vitest' {
  // One key for each need, so that those of a suite and of a test in it add up. The value is Debian's package, or ''.
  // eslint-disable-next-line @typescript-eslint/consistent-indexed-object-style -- merged with the runner's own
  interface TaskMeta {
    [lacks: `lacks ${string}`]: string;
  }
}

/** Program -> Debian's package of it. */
export const PACKAGES = {
  '7z': 'p7zip-full',
  bchunk: 'bchunk',
  bsdtar: 'libarchive-tools',
  busybox: 'busybox-static',
  bzip2: 'bzip2',
  checkisomd5: 'isomd5sum',
  chromium: 'chromium',
  cpio: 'cpio',
  'cd-info': 'libcdio-utils',
  'cd-read': 'libcdio-utils',
  'cdda-player': 'libcdio-utils',
  cdparanoia: 'cdparanoia',
  cdrdao: 'cdrdao',
  cueconvert: 'cuetools',
  'dbus-daemon': 'dbus',
  ddrescue: 'gddrescue',
  'dvd+rw-mediainfo': 'dvd+rw-tools',
  eject: 'eject',
  fish: 'fish',
  flac: 'flac',
  'fsck.erofs': 'erofs-utils',
  fuseiso: 'fuseiso',
  fusermount3: 'fuse3',
  genisoimage: 'genisoimage',
  getfacl: 'acl',
  getfattr: 'attr',
  git: 'git',
  gpg: 'gnupg',
  gpgv: 'gpgv',
  hformat: 'hfsutils',
  implantisomd5: 'isomd5sum',
  'iscsi-inq': 'libiscsi-bin',
  'iscsi-ls': 'libiscsi-bin',
  'iscsi-readcapacity16': 'libiscsi-bin',
  'iscsi-test-cu': 'libiscsi-bin',
  iscsistart: 'open-iscsi',
  iat: 'iat',
  'iso-read': 'libcdio-utils',
  icedax: 'icedax',
  isoinfo: 'genisoimage',
  'llvm-nm': 'llvm',
  'llvm-objdump': 'llvm',
  lsdvd: 'lsdvd',
  lz4: 'lz4',
  mcopy: 'mtools',
  mdf2iso: 'mdf2iso',
  'mkfs.erofs': 'erofs-utils',
  'mkfs.fat': 'dosfstools',
  'mkfs.vfat': 'dosfstools',
  minisign: 'minisign',
  mkudffs: 'udftools',
  mlabel: 'mtools',
  modprobe: 'kmod',
  mount: 'mount',
  'nbd-client': 'nbd-client',
  nbdcopy: 'libnbd-bin',
  nbdfuse: 'libnbd-bin',
  nbdinfo: 'libnbd-bin',
  nbdkit: 'nbdkit',
  nrg2iso: 'nrg2iso',
  openssl: 'openssl',
  prlimit: 'util-linux',
  python3: 'python3',
  'qemu-img': 'qemu-utils',
  'qemu-io': 'qemu-utils',
  'qemu-system-x86_64': 'qemu-system-x86',
  readom: 'wodim',
  rsync: 'rsync',
  script: 'bsdutils',
  setfacl: 'acl',
  setfattr: 'attr',
  setpriv: 'util-linux',
  sfdisk: 'fdisk',
  sg_inq: 'sg3-utils',
  sg_raw: 'sg3-utils',
  sgdisk: 'gdisk',
  'signify-openbsd': 'signify-openbsd',
  sox: 'sox',
  'systemd-analyze': 'systemd',
  udisksctl: 'udisks2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  vcdimager: 'vcdimager',
  vcdxbuild: 'vcdimager',
  vcdxgen: 'vcdimager',
  wine: 'wine',
  wineserver: 'wine',
  wodim: 'wodim',
  pixz: 'pixz',
  bgzip: 'tabix',
  dictzip: 'dictzip',
  pzstd: 'zstd',
  'x86_64-w64-mingw32-g++': 'mingw-w64',
  'x86_64-w64-mingw32-gcc': 'mingw-w64',
  xorriso: 'xorriso',
  xz: 'xz-utils',
  zsh: 'zsh',
  zstd: 'zstd',
  '/usr/lib/polkit-1/polkitd': 'polkitd',
  '/usr/lib/udev/cdrom_id': 'udev',
} as const;

export type Program = keyof typeof PACKAGES;

/** What is no program, and how it is found out. A package is named where one brings it. */
const CONDITIONS = {
  root: { isThere: () => process.getuid?.() === 0 },
  'loop devices': { isThere: hasLoopDevices },
  '../shared/corpus': { isThere: () => findCorpus() !== undefined },
  'a kernel at ISODRIVE_GUEST_KERNEL': {
    isThere: () => existsSync(join(process.env.ISODRIVE_GUEST_KERNEL ?? '/nowhere', 'boot')),
  },
  'node.exe at ISODRIVE_WINDOWS_NODE': {
    isThere: () => existsSync(process.env.ISODRIVE_WINDOWS_NODE ?? ''),
  },
  'maxcso at ISODRIVE_MAXCSO': { isThere: () => existsSync(process.env.ISODRIVE_MAXCSO ?? '') },
  'zig at ISODRIVE_ZIG': { isThere: () => existsSync(process.env.ISODRIVE_ZIG ?? '') },
  pycdlib: { isThere: hasPycdlib, package: 'python3-pycdlib' },
} as const satisfies Record<string, { isThere: () => boolean; package?: string }>;

/** What each driver takes beside itself: the kernel mounts for root alone. */
export const DRIVER_NEEDS: Readonly<Record<DriverName, readonly Condition[]>> = {
  erofs: ['root'],
  fuse: [],
  'fuse-native': [],
};

export type Condition = keyof typeof CONDITIONS;

/** What a test found out by itself, such as whether a driver can mount. */
export interface Finding {
  readonly what: string;
  readonly isThere: boolean;
}

export type Need = Program | Condition | Finding;

const TAKE_LOOP_DEVICE = 'device=$(losetup --find --read-only --show "$1") && losetup --detach "$device"';

const known = new Map<string, boolean>();

/** True when all of them are there: for what a file prepares before its tests. Names are asked for once. */
export function has(...names: readonly (Program | Condition)[]): boolean {
  return names.every((name) => {
    const found =
      known.get(name) ?? (name in PACKAGES ? isOnPath(name) : CONDITIONS[name as Condition].isThere());
    known.set(name, found);
    return found;
  });
}

/** Options of a test or a suite, which is skipped when one of these is not there. */
export function needs(...all: readonly Need[]): { skip: boolean; meta: Partial<TaskMeta> } {
  const meta: Partial<TaskMeta> = {};
  for (const need of all) {
    if (typeof need === 'object') {
      if (!need.isThere) meta[`lacks ${need.what}`] = '';
    } else if (need === 'loop devices' && !has('root')) {
      meta['lacks root'] = '';
    } else if (!has(need)) {
      meta[`lacks ${need}`] = packageOf(need);
    }
  }
  return { skip: Object.keys(meta).length > 0, meta };
}

function packageOf(name: Program | Condition): string {
  if (name in PACKAGES) return PACKAGES[name as Program];
  const condition = CONDITIONS[name as Condition];
  return 'package' in condition ? condition.package : '';
}

function isOnPath(program: string): boolean {
  const folders = program.startsWith('/') ? ['/'] : (process.env.PATH ?? '').split(':');
  return folders.some((folder) => {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

/** A device is taken and given back: in containers there may be the control device and no right to use it. */
function hasLoopDevices(): boolean {
  return (
    existsSync('/dev/loop-control') &&
    spawnSync('sh', ['-c', TAKE_LOOP_DEVICE, 'sh', process.execPath]).status === 0
  );
}

function hasPycdlib(): boolean {
  return spawnSync('/usr/bin/python3', ['-c', 'import pycdlib']).status === 0;
}
