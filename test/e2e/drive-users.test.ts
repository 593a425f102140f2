// What an ordinary user of a desktop has of drives: a guest with systemd, udev, D-Bus, polkit and udisks2, in which a
// user of the group cdrom mounts the disc of a drive, and serves an image as a loop device.
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Guest, GUEST_TEST_TIME, GUEST_NEEDS, findGuestKernel } from '../support/machines/guest.js';
import type { GuestResult } from '../support/machines/guest.js';
import { waitUntil } from '../support/programs/private-isodrive.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const PROJECT = join(import.meta.dirname, '..', '..');
const MAIN = join(PROJECT, 'dist', 'src', 'cli', 'main.js');
const UNLOCK = join(PROJECT, 'test', 'support', 'machines', 'unlock-drive.mjs');
const TOOLS = ['xorriso', 'eject', 'udisksctl', 'dbus-daemon', '/usr/lib/polkit-1/polkitd'] as const;
const kernel = findGuestKernel();
/** Of the account in the guest, and of its group. */
const USER = 12_345;

/** The script of the guest; `reach` and `await` are how it and the test wait for each other. */
const SCRIPT = `
reach() { touch "$1"; }
await() { until [ -e "$1" ]; do sleep 0.1; done; }
until_unmounted() { for i in $(seq 600); do grep -q ' /run/mnt ' /proc/mounts || return 0; sleep 0.1; done; return 1; }
until_gone() { for i in $(seq 600); do [ -e "$1" ] || return 0; sleep 0.1; done; return 1; }
echo 'tester:x:${USER}:${USER}::/run/user/${USER}:/bin/sh' >> /etc/passwd
echo 'tester:x:${USER}:' >> /etc/group
sed -i 's/^cdrom:.*/&tester/' /etc/group
mkdir -p /run/user/${USER} /run/mnt; chown ${USER}:${USER} /run/user/${USER} /run/mnt
cat > /etc/polkit-1/rules.d/50-tester.rules <<END
polkit.addRule(function (action, subject) {
  var allowed = ['loop-setup', 'filesystem-mount'];
  if (subject.user === 'tester' && allowed.indexOf(action.id.replace('org.freedesktop.udisks2.', '')) >= 0)
    return polkit.Result.YES;
});
END
user() {
  setpriv --reuid ${USER} --regid ${USER} --init-groups \\
    env HOME=/run/user/${USER} XDG_RUNTIME_DIR=/run/user/${USER} "$@"
}
isodrive() { user node ${MAIN} "$@"; }
modprobe -a virtio_scsi sr_mod fuse loop isofs
systemctl start systemd-udevd dbus.socket && udevadm trigger && udevadm settle || exit 11
systemctl start udisks2 || exit 12
for device in /sys/class/block/sr*; do
  case "$(cat $device/device/vendor)" in USER*) drive=/dev/\${device##*/};; OTHER*) other=/dev/\${device##*/};; esac
done
stat -c '%U:%G %a' $drive > mode.txt

# An emulated processor beside other tests may need longer than the command waits.
for i in 1 2 3; do isodrive daemon start > /dev/null 2>&1 && break; done
isodrive watch --json > events 2> /dev/null & watch=$!
isodrive mount $drive /run/mnt > /dev/null || exit 24
isodrive eject $drive || exit 25
until_unmounted || exit 26
isodrive eject --close $drive && udevadm settle && isodrive mount $drive /run/mnt > /dev/null || exit 27
# This program unmounts first what says that it comes from the drive.
user eject $drive || exit 28
until_unmounted || exit 29
isodrive eject --close $drive && udevadm settle || exit 20
isodrive mount $drive /run/mnt > /dev/null || exit 22
reach mounted; await seen
# Who opens the disc to read it locks the tray, which the kernel leaves locked while the mount is there.
isodrive info --brief $drive > /dev/null; user dd if=$drive of=/dev/null count=1 2> /dev/null
reach others; await button
until_unmounted || exit 23
kill $watch; isodrive daemon stop > /dev/null
# What another program wants to stay is not let go, not even by root.
mount -t iso9660 -o ro $other /run/mnt || exit 30
isodrive eject $other 2> busy.err; echo $? > busy.status
node ${UNLOCK} $other > unlock.mounted; umount /run/mnt; node ${UNLOCK} $other > unlock.alone

serve() { isodrive drive serve "$PWD/with spaces.iso" --loop --json > served 2> served.err & served=$!; }
until_served() { for i in $(seq 600); do [ -s served ] && return 0; [ -d /proc/$served ] || return 1; sleep 0.1; done; return 1; }
loop_of() { sed 's/.*\\(loop[0-9]*\\).*/\\1/' served; }
serve; until_served || { cat served.err; exit 31; }
loop=$(loop_of)
cmp /dev/$loop 'with spaces.iso' || exit 32
cat /sys/class/block/$loop/ro /sys/class/block/$loop/queue/logical_block_size > loop.txt
cat /sys/class/block/$loop/loop/backing_file >> loop.txt
user udisksctl mount -b /dev/$loop --no-user-interaction > mounted.txt 2>&1 || { cat mounted.txt; exit 33; }
diff -r tree "$(findmnt -n -o TARGET /dev/$loop)" || exit 34
user udisksctl unmount -b /dev/$loop --no-user-interaction > /dev/null || exit 35
kill -TERM $(pgrep -P $served); wait $served; echo $? > term.status
until_gone /sys/class/block/$loop/loop/backing_file || exit 36
mv served.err term.err; rm served
serve; until_served || exit 37
loop=$(loop_of)
kill -KILL $(pgrep -P $served); wait $served 2> /dev/null
until_gone /sys/class/block/$loop/loop/backing_file || exit 38
`;

describe(
  `Drives of an ordinary user (needs QEMU, a kernel, ${TOOLS.join(', ')})`,
  // The guest's root is this machine's, of which polkit's rules are root's alone.
  needs('root', ...GUEST_NEEDS, ...TOOLS),
  () => {
    let folder: string;
    let result: GuestResult;
    let isLockedByMount: boolean;
    const text = (name: string): string => readFileSync(join(folder, name), 'utf8');

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isodrive-users-'));
      await chmod(folder, 0o755);
      const { image } = await makeSampleImage(folder, { 'first.bin': 700_001, 'dir/second.bin': 2_000_000 });
      await copyFile(image, join(folder, 'with spaces.iso'));
      const drives = ['user', 'other'].flatMap((name) => [
        ...['-drive', `id=${name}-disc,if=none,media=cdrom,readonly=on,format=raw,file=${image}`],
        '-device',
        `scsi-cd,id=${name},bus=bus.0,vendor=${name.toUpperCase()},product=DRIVE,drive=${name}-disc`,
      ]);
      const qemu = ['-device', 'virtio-scsi-pci,id=bus', ...drives];
      await using guest = await Guest.start(kernel!, {
        folder,
        script: SCRIPT,
        init: 'systemd',
        qemu,
      });
      const isLocked = async (): Promise<boolean> => {
        const devices = (await guest.qmp('query-block')) as { qdev: string; locked: boolean }[];
        return devices.find(({ qdev }) => qdev === 'user')!.locked;
      };
      await guest.reach('mounted');
      isLockedByMount = await isLocked();
      await writeFile(join(folder, 'seen'), '');
      await guest.reach('others');
      await waitUntil(async () => !(await isLocked()), 60_000);
      // The button: QEMU refuses when the tray is locked.
      await guest.qmp('eject', { id: 'user' });
      await writeFile(join(folder, 'button'), '');
      result = await guest.finish();
    }, GUEST_TEST_TIME);
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('do what the script asks of them', () => {
      expect(result).toEqual({ status: 0, output: '' });
      expect(text('mode.txt')).toBe('root:cdrom 660\n');
    });

    it('are not locked by a mount, which ends itself whoever ejects its disc', () => {
      expect(isLockedByMount).toBe(false);
      const lines = text('events').trimEnd().split('\n');
      const events = lines.map((line) => JSON.parse(line) as { event: string; reason?: string });
      const ends = events.filter(({ event }) => event === 'unmounted');
      expect(ends.map(({ reason }) => reason)).toEqual(['ejected', 'outside', 'ejected']);
    });

    it('stay closed while the kernel or another program has the disc', () => {
      expect(text('busy.status')).toBe('7\n');
      expect(text('busy.err')).toContain('has it locked');
      expect(text('unlock.mounted')).toBe('EBUSY\n');
      expect(text('unlock.alone')).toBe('unlocked\n');
    });

    it('may be loop devices through udisks2, which are gone when their server is', () => {
      const [readOnly, blockSize, ...path] = text('loop.txt').trimEnd().split('\n');
      expect(readOnly).toBe('1');
      expect(path).toEqual([join(folder, 'with spaces.iso')]);
      expect(text('term.status')).toBe('143\n');
      // udisks2 2.9 cannot choose it, which is told.
      expect(text('term.err').includes(`sectors of ${blockSize!} bytes`)).toBe(blockSize !== '2048');
    });
  },
);
