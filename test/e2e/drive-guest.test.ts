// Served drives with a Linux kernel as their client: its iSCSI initiator shows a drive, which it mounts with its own
// isofs and udf; its NBD client shows a block device. And firmware that boots from iSCSI.
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import { openIscsiTarget } from '../../src/drive/iscsi/iscsi-target.js';
import { DriveState } from '../../src/drive/mmc/drive-state.js';
import { Medium } from '../../src/drive/mmc/medium.js';
import { encodeMode1Sector } from '../../src/disc/sector-code.js';
import { openDriveImage } from '../../src/drive/open-drive-image.js';
import { volumeMarks } from '../../src/filesystem/choose/volume-marks.js';
import { BOOT_MESSAGE, BOOT_STATUS, bootImage } from '../support/builders/boot-image.js';
import { Guest, GUEST_TEST_TIME, GUEST_NEEDS, findGuestKernel } from '../support/machines/guest.js';
import type { GuestResult } from '../support/machines/guest.js';
import { waitUntil } from '../support/programs/private-isodrive.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { ServedDrive } from '../support/programs/served-drive.js';
import { has, needs } from '../support/needs.js';

const PROJECT = join(import.meta.dirname, '..', '..');
const MAIN = join(PROJECT, 'dist', 'src', 'cli', 'main.js');
const SECTOR = 2048;
const TOOLS = ['xorriso', 'genisoimage', 'iscsistart', 'nbd-client', 'eject'] as const;
const kernel = findGuestKernel();
const hasIscsi =
  has('qemu-img') && (await runCommand('qemu-img', ['--help'])).stdout.toString().includes('iscsi');

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const json = (text: string | undefined): unknown => JSON.parse(text ?? 'null');

/** Name of the target whose image has a map, which calls one sector bad. */
const DAMAGED = 'iqn.2026-11.test:damaged';
const BAD_SECTOR = 500;
/** kB/s of a CD's speed, as Linux counts them (sr_select_speed). */
const SINGLE_SPEED = 177;

/** Notes the speeds that initiators ask for. */
class SpeedyDrive extends DriveState {
  readonly speeds: number[] = [];

  override get speed(): number {
    return super.speed;
  }

  override set speed(speed: number) {
    this.speeds.push(speed);
    super.speed = speed;
  }
}

/** What the guest does with the target at 10.0.2.2, and with the export. */
function script(portal: number, target: string, nbd: number, damaged: number): string {
  return `
export XDG_RUNTIME_DIR=/run/isodrive-test; mkdir -p /run/lock/iscsi /run/mnt /run/udf
modprobe -a iscsi_tcp crc32c_generic sr_mod isofs udf nbd
iscsistart -i iqn.2026-11.test:guest -t ${target} -g 1 -a 10.0.2.2 -p ${portal} \\
  -P node.conn[0].iscsi.HeaderDigest=CRC32C -P node.conn[0].iscsi.DataDigest=CRC32C \\
    > login.txt 2>&1 || { cat login.txt; exit 11; }
for i in $(seq 200); do [ -b /dev/sr0 -a -b /dev/sr1 ] && break; sleep 0.1; done
# 1 says that it was agreed on.
cat /sys/class/iscsi_connection/*/data_digest /sys/class/iscsi_connection/*/header_digest > digests.txt
sha256sum < /dev/sr0 > sr0.sum && sha256sum < /dev/sr1 > sr1.sum || exit 12
mount -t iso9660 -o ro /dev/sr0 /run/mnt && diff -r tree /run/mnt || exit 13
mount -t udf -o ro /dev/sr1 /run/udf && diff -r tree /run/udf || exit 14
node ${join(PROJECT, 'test', 'support', 'machines', 'read-raw-sector.mjs')} /dev/sr0 20 > raw.txt || exit 15
node ${MAIN} drives --json > drives.json || exit 16
touch mounted; until [ -e tried ]; do sleep 0.1; done
umount /run/mnt /run/udf
# Nobody has it open now, so that the kernel lets go of the lock.
eject /dev/sr0 || exit 17
touch ejected; until [ -e loaded ]; do sleep 0.1; done
sha256sum < /dev/sr0 > again.sum || exit 18
touch unmounted; until [ -e exchanged ]; do sleep 0.1; done
sha256sum < /dev/sr0 > other.sum && mount -t udf -o ro /dev/sr0 /run/udf && diff -r tree /run/udf || exit 21
umount /run/udf
nbd-client -N sample.iso 10.0.2.2 ${nbd} /dev/nbd0 > nbd.txt 2>&1 || { cat nbd.txt; exit 19; }
sha256sum < /dev/nbd0 > nbd.sum && mount -t iso9660 -o ro /dev/nbd0 /run/mnt && diff -r tree /run/mnt || exit 20
umount /run/mnt; nbd-client -d /dev/nbd0 >> nbd.txt 2>&1
iscsistart -i iqn.2026-11.test:guest -t ${DAMAGED} -g 1 -a 10.0.2.2 -p ${damaged} \\
  > login.txt 2>&1 || { cat login.txt; exit 21; }
for i in $(seq 200); do [ -b /dev/sr2 ] && break; sleep 0.1; done
node ${join(PROJECT, 'test', 'support', 'machines', 'read-raw-sector.mjs')} /dev/sr2 ${BAD_SECTOR} > marked.txt || exit 22
node ${MAIN} create /dev/sr2 damaged-copy.iso --speed 8 --retries 1 --accept-errors --json > damaged.json || exit 23
`;
}

/** As ddrescue writes it: all of `size` bytes but one sector were read. */
function badSectorMap(size: number): string {
  const position = BAD_SECTOR * SECTOR;
  const runs = [
    [0, position, '+'],
    [position, SECTOR, '-'],
    [position + SECTOR, size - position - SECTOR, '+'],
  ] as const;
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const lines = runs.map(([start, length, status]) => `${hex(start)}  ${hex(length)}  ${status}`);
  return `0x0  +  1\n${lines.join('\n')}\n`;
}

describe(
  `Drives served to Linux (needs QEMU, a kernel, ${TOOLS.join(', ')})`,
  needs(...GUEST_NEEDS, ...TOOLS),
  () => {
    let folder: string;
    let image: Buffer;
    let bridge: Buffer;
    let result: GuestResult;
    let ejected: readonly string[];
    let trayWhileMounted: number | undefined;
    let loadWhileMounted: number | undefined;
    let speedy: SpeedyDrive;
    const text = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isodrive-served-'));
      const sample = await makeSampleImage(folder, { large: 6_000_000, 'dir/small': 5 });
      const udf = join(folder, 'udf.iso');
      await mustRun('genisoimage', ['-quiet', '-udf', '-R', '-V', 'BRIDGE', '-o', udf, sample.tree]);
      [image, bridge] = await Promise.all([readFile(sample.image), readFile(udf)]);
      const env = { XDG_RUNTIME_DIR: join(folder, 'run') };
      const listen = ['--listen', '127.0.0.1:0'];
      await using iscsi = await ServedDrive.start([sample.image, udf, '--iscsi', ...listen], env);
      await using nbd = await ServedDrive.start([sample.image, '--nbd', ...listen], env);
      const damaged = join(folder, 'damaged.iso');
      await copyFile(sample.image, damaged);
      await writeFile(`${damaged}.map`, badSectorMap(image.length));
      await using scratched = await openDriveImage(damaged, volumeMarks);
      speedy = new SpeedyDrive('DAMAGED', new Medium(scratched.disc));
      const anyPort = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
      await using third = await openIscsiTarget({ address: anyPort, name: DAMAGED, drives: [speedy] });
      const address = new URL(iscsi.uris[0]!.replace('iscsi:', 'http:'));
      const target = address.pathname.split('/')[1]!;
      const nbdPort = Number(new URL(nbd.uris[0]!.replace('nbd:', 'http:')).port);
      const isodrive = async (...args: string[]): Promise<number | undefined> =>
        (await runCommand(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } })).status;
      const eject = (...args: string[]): Promise<number | undefined> =>
        isodrive('eject', iscsi.uris[0]!, ...args);
      const load = (): Promise<number | undefined> => isodrive('drive', 'load', iscsi.uris[0]!, udf);
      await using guest = await Guest.start(kernel!, {
        folder,
        network: true,
        script: script(Number(address.port), target, nbdPort, (third.address as { port: number }).port),
      });
      await guest.reach('mounted');
      trayWhileMounted = await eject();
      loadWhileMounted = await load();
      await writeFile(join(folder, 'tried'), '');
      await guest.reach('ejected');
      await waitUntil(() => iscsi.events.length > 0);
      expect(await eject('--close')).toBe(0);
      await writeFile(join(folder, 'loaded'), '');
      await guest.reach('unmounted');
      expect(await load()).toBe(0);
      await writeFile(join(folder, 'exchanged'), '');
      result = await guest.finish();
      ejected = iscsi.events;
    }, GUEST_TEST_TIME);
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('does everything that Linux asks of a drive', () => {
      expect(result).toEqual({ status: 0, output: '' });
    });

    it('by iSCSI with digests of headers and data gives every byte', async () => {
      expect(await text('digests.txt')).toBe('1\n1\n');
      expect(await text('sr0.sum')).toBe(`${sha256(image)}  -\n`);
      expect(await text('sr1.sum')).toBe(`${sha256(bridge)}  -\n`);
    });

    it('is an optical drive for programs of the client', async () => {
      const { physical } = json(await text('drives.json')) as { physical: readonly object[] };
      expect(physical).toMatchObject([
        { path: '/dev/sr0', state: 'loaded', vendor: 'ISODRIVE', medium: 'CD-ROM' },
        { path: '/dev/sr1', state: 'loaded', vendor: 'ISODRIVE', medium: 'CD-ROM' },
      ]);
      const sector = encodeMode1Sector(image.subarray(20 * SECTOR, 21 * SECTOR), 20);
      expect(await text('raw.txt')).toBe(`${sector.toString('hex')} true 0\n`);
    });

    it('marks the bytes that its image lacks, and a copy lacks them too', async () => {
      const [sector, offersC2, marked] = (await text('marked.txt')).trim().split(' ');
      expect([sector!.length, offersC2, marked]).toEqual([2 * 2352, 'true', '2352']);
      const report = (await text('damaged.json')).trimEnd().split('\n').at(-1);
      expect(json(report)).toMatchObject({
        unreadable: [{ position: BAD_SECTOR * SECTOR, size: SECTOR }],
        affectedFiles: [{ path: '/large' }],
      });
      const expected = Buffer.from(image).fill(0, BAD_SECTOR * SECTOR, (BAD_SECTOR + 1) * SECTOR);
      expect((await readFile(join(folder, 'damaged-copy.iso'))).equals(expected)).toBe(true);
    });

    it('is slowed down as wanted, once more for bad places, and left at full speed', () => {
      expect(speedy.speeds).toEqual([8 * SINGLE_SPEED, 4 * SINGLE_SPEED, 0xffff]);
    });

    it('keeps its tray closed while the disc is mounted there', () => {
      expect(trayWhileMounted).toBe(7);
      expect(loadWhileMounted).toBe(7);
    });

    it('is ejected here when it is ejected there, and read again once it is loaded', async () => {
      expect(ejected.slice(0, 2).map(json)).toMatchObject([{ event: 'ejected' }, { event: 'loaded' }]);
      expect(await text('again.sum')).toBe(await text('sr0.sum'));
    });

    it('has another disc once that was loaded here', async () => {
      expect(ejected.slice(2).map(json)).toMatchObject([{ event: 'loaded' }]);
      expect(await text('other.sum')).toBe(`${sha256(bridge)}  -\n`);
    });

    it('by NBD gives every byte', async () => {
      expect(await text('nbd.sum')).toBe(`${sha256(image)}  -\n`);
    });
  },
);

describe(
  'A bootable disc served by iSCSI (needs QEMU with its iSCSI initiator, and xorriso)',
  needs('xorriso', 'qemu-img', { what: 'qemu-img with iSCSI', isThere: hasIscsi }),
  () => {
    it('boots a PC', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'isodrive-boot-'));
      try {
        await writeFile(join(folder, 'boot.img'), bootImage());
        const image = join(folder, 'boot.iso');
        const boot = ['-b', 'boot.img', '-no-emul-boot', '-boot-load-size', '4', '-m', 'boot.iso'];
        await mustRun('xorriso', ['-as', 'mkisofs', '-quiet', '-o', image, ...boot, folder]);
        await using drive = await ServedDrive.start([image, '--iscsi', '--listen', '127.0.0.1:0']);
        const serial = join(folder, 'serial');
        const { status } = await runCommand(
          'qemu-system-x86_64',
          [
            ...['-accel', 'tcg', '-m', '64', '-nodefaults', '-display', 'none', '-serial', `file:${serial}`],
            ...['-device', 'isa-debug-exit,iobase=0xf4', '-boot', 'd', '-no-reboot'],
            ...['-drive', `if=ide,media=cdrom,format=raw,readonly=on,file=${drive.uris[0]!}`],
          ],
          { timeout: 120_000 },
        );
        expect(await readFile(serial, 'latin1')).toBe(BOOT_MESSAGE);
        expect(status).toBe(BOOT_STATUS);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  },
);
