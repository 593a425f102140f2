// Physical drives: this program in a guest, against the IDE, SCSI and USB drives that QEMU emulates, with discs
// changed, ejected and failing. One boot for all, because a boot is what takes the time; the script's steps are told
// apart by the files that they leave.
import { mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Guest, GUEST_TEST_TIME, GUEST_NEEDS, findGuestKernel } from '../support/machines/guest.js';
import type { GuestResult } from '../support/machines/guest.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');
const SECTOR = 2048;
/** Of QEMU's block devices, for which blkdebug names sectors. */
const BLKDEBUG_SECTOR = 512;
const BUSES = ['ide', 'scsi', 'usb'] as const;
const kernel = findGuestKernel();

/** The script of the guest; `reach` and `await` are how it and the test wait for each other. */
const SCRIPT = `
isodrive() { node ${MAIN} "$@"; }
reach() { touch "$1"; }
await() { until [ -e "$1" ]; do sleep 0.1; done; }
until_unmounted() { for i in $(seq 300); do grep -q ' /run/mnt ' /proc/mounts || return 0; sleep 0.1; done; return 1; }
export XDG_RUNTIME_DIR=/run/isodrive-test XDG_STATE_HOME=/run/isodrive-state; mkdir -p $XDG_RUNTIME_DIR /run/mnt
modprobe -a ata_piix virtio_scsi xhci_pci usb-storage sr_mod fuse
for i in $(seq 200); do
  for device in /sys/class/block/sr*; do
    case "$(cat $device/device/vendor)" in
      QEMU*) ide=/dev/\${device##*/};; SCSI*) scsi=/dev/\${device##*/};;
      USB*) usb=/dev/\${device##*/};; BAD*) bad=/dev/\${device##*/};;
    esac
  done
  [ -n "$ide" -a -n "$scsi" -a -n "$usb" -a -n "$bad" ] && break; sleep 0.1
done
echo "{\\"ide\\":\\"$ide\\",\\"scsi\\":\\"$scsi\\",\\"usb\\":\\"$usb\\"}" > names.json
# What udev gives to the devices.
chgrp cdrom /dev/sr*; chmod 660 /dev/sr*
isodrive drives --json > drives.json
setpriv --reuid 12345 --regid 12345 --groups "$(getent group cdrom | cut -d: -f3)" node ${MAIN} info --json $scsi > user.json || exit 11
setpriv --reuid 12345 --regid 12345 --clear-groups node ${MAIN} info --json $scsi 2> stranger.err; echo $? > stranger
isodrive daemon start > /dev/null
isodrive watch --json > events 2> /dev/null & watch=$!
for bus in ide scsi usb; do
  isodrive create $([ $bus = usb ] && echo --verify) \${!bus} $bus.iso > /dev/null || exit 12
  isodrive mount --json \${!bus} /run/mnt > $bus.mount || exit 13
  diff -r tree /run/mnt > $bus.diff || exit 14
  [ $bus = usb ] && exec 9< /run/mnt/first.bin
  reach $bus.mounted
  await $bus.changed
  until_unmounted || exit 15
  isodrive info --json \${!bus} > $bus.after 2> $bus.err; echo $? > $bus.status
done
kill $watch
# A file that was open when the disc was changed, and of which nothing is in memory.
echo 1 > /proc/sys/vm/drop_caches
cat <&9 > open.bin 2> open.err; echo $? > open.status; exec 9<&-
isodrive eject $ide --close && sleep 1 && isodrive drives --json > closed.json
isodrive create $bad bad.iso --retries 0 2> bad.err; echo $? > bad.status
isodrive create $bad bad.iso --retries 0 --accept-errors --json > bad.json || exit 17
`;

interface Listed {
  readonly physical: readonly { readonly path: string; readonly state: string; readonly vendor: string }[];
}
interface Report {
  readonly unreadable: readonly { readonly position: number; readonly size: number }[];
  readonly affectedFiles: readonly { readonly path: string }[];
}

describe(
  'A physical drive (needs QEMU, a kernel, xorriso and isoinfo)',
  needs(...GUEST_NEEDS, 'isoinfo', 'xorriso'),
  () => {
    let folder: string;
    let image: string;
    let badSectors: number[];
    let result: GuestResult;
    const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const touch = (name: string): Promise<void> => writeFile(join(folder, name), '');
    const json = (name: string): unknown => JSON.parse(text(name).trimEnd().split('\n').at(-1)!);

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isodrive-physical-'));
      ({ image } = await makeSampleImage(folder, { 'first.bin': 700_001, 'dir/second.bin': 2_000_000 }));
      mkdirSync(join(folder, 'another'));
      const { image: other } = await makeSampleImage(join(folder, 'another'), { 'another.txt': 900_000 });
      const first = (await findExtent(image, '/first.bin')) / SECTOR;
      // Two that stand alone, and each beside a good one in the same page of memory.
      badSectors = [first + 5, first + 100];
      const rules = badSectors.flatMap((sector, rule) =>
        [0, 1, 2, 3].map((part) => {
          const name = `file.inject-error.${4 * rule + part}`;
          const place = (sector * SECTOR) / BLKDEBUG_SECTOR + part;
          return `${name}.event=none,${name}.iotype=read,${name}.sector=${place},${name}.errno=5`;
        }),
      );
      const disc = (bus: string): string[] => [
        '-drive',
        `id=${bus}-disc,if=none,media=cdrom,readonly=on,format=raw,file=${image}`,
      ];
      const qemu = [
        ...BUSES.flatMap(disc),
        ...['-device', 'ide-cd,id=ide,bus=ide.1,drive=ide-disc'],
        ...['-device', 'virtio-scsi-pci,id=bus'],
        ...['-device', 'scsi-cd,id=scsi,bus=bus.0,vendor=SCSI,product=DRIVE,drive=scsi-disc'],
        ...['-device', 'qemu-xhci', '-device', 'usb-bot,id=port'],
        ...['-device', 'scsi-cd,id=usb,bus=port.0,vendor=USB,product=DRIVE,drive=usb-disc'],
        '-blockdev',
        `driver=raw,node-name=bad,read-only=on,file.driver=blkdebug,file.image.driver=file,` +
          `file.image.filename=${image},${rules.join(',')}`,
        ...['-device', 'scsi-cd,bus=bus.0,vendor=BAD,product=DRIVE,drive=bad'],
      ];
      await using guest = await Guest.start(kernel!, { folder, script: SCRIPT, qemu });
      // The button: QEMU refuses when the tray is locked.
      await guest.reach('ide.mounted');
      await guest.qmp('eject', { id: 'ide' });
      await touch('ide.changed');
      for (const bus of ['scsi', 'usb'] as const) {
        await guest.reach(`${bus}.mounted`);
        await guest.qmp('blockdev-change-medium', { id: bus, filename: other, format: 'raw' });
        await touch(`${bus}.changed`);
      }
      result = await guest.finish();
    }, GUEST_TEST_TIME);
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('serves every step of the script', () => {
      expect(result).toEqual({ status: 0, output: '' });
    });

    it('is listed with its state, whatever its bus', () => {
      const names = json('names.json') as Record<string, string>;
      const { physical } = json('drives.json') as Listed;
      expect(physical.map(({ path }) => path)).toEqual(expect.arrayContaining(Object.values(names)));
      expect(physical.map(({ state }) => state)).toEqual(['loaded', 'loaded', 'loaded', 'loaded']);
      expect(physical.map(({ vendor }) => vendor).sort()).toEqual(['BAD', 'QEMU', 'SCSI', 'USB']);
    });

    it('is read by an ordinary user of the group cdrom, and refused to others', () => {
      expect(json('user.json')).toMatchObject({
        label: 'SAMPLE',
        drive: { vendor: 'SCSI', medium: 'CD-ROM' },
      });
      expect(text('stranger')).toBe('6\n');
      expect(text('stranger.err')).toContain('expected read access');
    });

    it.each(BUSES)('on %s gives the image, byte for byte', async (bus) => {
      expect((await readFile(join(folder, `${bus}.iso`))).equals(await readFile(image))).toBe(true);
    });

    it.each(BUSES)('on %s mounts, and unmounts itself when its disc leaves', (bus) => {
      const path = (json('names.json') as Record<string, string>)[bus];
      expect(json(`${bus}.mount`)).toMatchObject({ image: path, label: 'SAMPLE', state: 'ok' });
      const events = text('events').trimEnd().split('\n');
      const ends = events.map((line) => JSON.parse(line) as { reason?: string; mount: { image: string } });
      expect(ends.filter(({ reason, mount }) => reason === 'ejected' && mount.image === path)).toHaveLength(
        1,
      );
      if (bus === 'ide') {
        expect(text('ide.status')).toBe('3\n');
        expect(text('ide.err')).toMatch(/tray is open|no disc/);
      } else expect(json(`${bus}.after`)).toMatchObject({ size: expect.any(Number) as number });
    });

    it('fails the reads of a file that was open when the disc was changed', () => {
      expect(text('open.status')).toBe('1\n');
      expect(text('open.err')).toContain('Input/output error');
      expect(text('open.bin')).toBe('');
    });

    it('closes its tray on command', () => {
      const { physical } = json('closed.json') as Listed;
      expect(physical.find(({ vendor }) => vendor === 'QEMU')?.state).toBe('empty');
    });

    it('with bad sectors gives all others, and names exactly those', async () => {
      expect(text('bad.status')).toBe('11\n');
      const { unreadable, affectedFiles } = json('bad.json') as Report;
      expect(unreadable).toEqual(badSectors.map((sector) => ({ position: sector * SECTOR, size: SECTOR })));
      expect(affectedFiles.map(({ path }) => path)).toEqual(['/first.bin']);
      const expected = await readFile(image);
      for (const sector of badSectors) expected.fill(0, sector * SECTOR, (sector + 1) * SECTOR);
      expect((await readFile(join(folder, 'bad.iso'))).equals(expected)).toBe(true);
    });
  },
);
