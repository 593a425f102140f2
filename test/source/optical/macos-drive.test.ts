// A drive of macOS, over an addon that answers as the system's own calls do, and a device that is a file: which command
// becomes which call, how answers and errors are laid out, and what is refused.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { MacosAddon, MacosDisc, MacosDriveEntry } from '../../../native/macos/index.js';
import type { ScsiResult } from '../../../native/index.js';
import * as commands from '../../../src/source/optical/drive-commands.js';
import { isDevicePath } from '../../../src/source/optical/open-drive-device.js';
import {
  offersC2,
  parseCapacity,
  parseInquiry,
  parseProfile,
} from '../../../src/source/optical/drive-facts.js';
import { MacosDrive, listMacosDrives } from '../../../src/source/optical/macos-drive.js';
import { tableOfContentsAnswer } from '../../../src/source/optical/macos-answers.js';
import { parseSenseData } from '../../../src/source/optical/sense-data.js';
import { parseTableOfContents } from '../../../src/source/optical/table-of-contents.js';

const CD: MacosDisc = { id: 4_294_968_001, name: 'disk4', family: 'IOCDMedia', type: 'CD-R' };
const DVD: MacosDisc = { id: 4_294_968_002, name: 'disk4', family: 'IODVDMedia', type: 'DVD-ROM' };

function entryOf(disc?: MacosDisc, id = 700): MacosDriveEntry {
  const identity = { vendor: 'HL-DT-ST', product: 'DVDRW GX30N', revision: 'RP09' };
  return { id, service: 'IODVDServices', ...identity, ...(disc === undefined ? {} : { disc }) };
}

/**
 * Data track 1, sound track 2, then a second session with data track 3, as drives give format 2; ended by a lead-out
 * each.
 */
const FULL_TOC = Buffer.concat([
  Buffer.from([0, 0, 1, 2]),
  ...[
    [1, 0x14, 0, 0xa0, 0, 0, 0, 0, 1, 0, 0],
    [1, 0x14, 0, 0xa1, 0, 0, 0, 0, 2, 0, 0],
    [1, 0x10, 0, 0xa2, 0, 0, 0, 0, 1, 2, 0],
    [1, 0x14, 0, 1, 0, 0, 0, 0, 0, 2, 0],
    [1, 0x10, 0, 2, 0, 0, 0, 0, 0, 32, 10],
    [1, 0x54, 0, 0xb0, 3, 30, 0, 2, 79, 59, 74],
    [2, 0x14, 0, 0xa2, 0, 0, 0, 0, 5, 2, 0],
    [2, 0x14, 0, 3, 0, 0, 0, 0, 3, 32, 0],
  ].map((row) => Buffer.from(row)),
]);
FULL_TOC.writeUInt16BE(FULL_TOC.length - 2, 0);

interface System {
  drives: MacosDriveEntry[];
  readonly calls: string[];
  /** errno name with which every call fails. */
  failing?: keyof typeof constants.errno;
  /** Bytes that reading calls give; filled up with the number of the block. */
  toc: Uint8Array;
}

let devices: string;
let system: System;
beforeEach(async () => {
  devices = await mkdtemp(join(tmpdir(), 'isodrive-macos-'));
  await writeFile(join(devices, 'rdisk4'), Buffer.alloc(3 * 2048, 'abc'));
  system = { drives: [entryOf(CD)], calls: [], toc: FULL_TOC };
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await rm(devices, { recursive: true });
});

const addon: MacosAddon = {
  listDrives: () => system.drives,
  discCall: (_file, call, argument, target) => {
    system.calls.push(`${call} ${argument} ${target.length}`);
    if (system.failing !== undefined) {
      const errno = constants.errno[system.failing];
      return Promise.reject(Object.assign(new Error(call), { errno, syscall: call }));
    }
    if (call === 'countBlocks') return Promise.resolve(22_350);
    if (call === 'readToc') target.set(system.toc);
    else target.fill(argument);
    return Promise.resolve(call === 'readToc' ? system.toc.length : target.length);
  },
};

async function openDrive(mode: 'quiet' | 'disc' = 'disc', path = '/dev/disk4'): Promise<MacosDrive> {
  const drive = await MacosDrive.open(path, mode, { addon, devices });
  return drive!;
}

async function run(command: Uint8Array, length: number): Promise<ScsiResult & { data: Uint8Array }> {
  const drive = await openDrive();
  try {
    const target = new Uint8Array(length);
    const result = await drive.command(command, target);
    return { ...result, data: target.subarray(0, result.transferred) };
  } finally {
    await drive.close();
  }
}

function senseOf(result: ScsiResult): readonly number[] {
  expect(result).toMatchObject({ status: 2, transferred: 0 });
  const { key, code, qualifier } = parseSenseData(result.sense, 'drive')!;
  return [key, code, qualifier];
}

describe('MacosDrive', () => {
  it('is identified as the registry has it, also without a disc', async () => {
    const found = { vendor: 'HL-DT-ST', product: 'DVDRW GX30N', revision: 'RP09' };
    const { data } = await run(commands.inquiryCommand(), 36);
    expect(data[0]).toBe(5);
    expect(parseInquiry(data, 'drive')).toEqual(found);
    system.drives = [entryOf()];
    const drive = await openDrive('quiet', 'IODVDServices');
    const target = new Uint8Array(36);
    await drive.command(commands.inquiryCommand(), target);
    expect(parseInquiry(target, 'drive')).toEqual(found);
  });

  it.each([
    ['CD-R', CD],
    ['DVD-ROM', DVD],
    ['DVD+RW', { ...DVD, type: 'DVD+RW' }],
    ['BD-RE', { ...DVD, family: 'IOBDMedia', type: 'BD-RE' }],
    [undefined, { ...DVD, type: '' }],
  ] as const)('says that the disc is a %s', async (name, disc) => {
    system.drives = [entryOf(disc)];
    const { data } = await run(commands.getConfigurationCommand(0), 16);
    expect(parseProfile(data)).toBe(name);
    expect(offersC2(data)).toBe(false);
  });

  it('gives the blocks of the disc', async () => {
    expect(parseCapacity((await run(commands.readCapacityCommand(), 8)).data, 'drive')).toBe(22_350);
  });

  it('lays the full table of contents out as the plain one, with the lead-out of the last session', async () => {
    const { data } = await run(commands.readTocCommand(), 804);
    expect([...data.subarray(0, 4)]).toEqual([0, 34, 1, 3]);
    expect(parseTableOfContents(data, 'drive')).toEqual([
      { number: 1, start: 0, length: 2260, isData: true },
      { number: 2, start: 2260, length: 13_490, isData: false },
      { number: 3, start: 15_750, length: 6750, isData: true },
    ]);
  });

  it.each([
    ['nothing', 0],
    ['half a header', 3],
    ['half a descriptor', FULL_TOC.length - 40],
  ])('takes a table of contents that ends in %s', (_, length) => {
    const tracks = parseTableOfContents(
      tableOfContentsAnswer(FULL_TOC.subarray(0, length), 'drive'),
      'drive',
    );
    expect(tracks.length).toBeLessThan(3);
  });

  it('reads user data of a CD by its own call, and that of other discs from the raw device', async () => {
    expect((await run(commands.readCommand(7, 2, true), 4096)).data).toEqual(new Uint8Array(4096).fill(7));
    expect(system.calls).toEqual(['readUser 7 4096']);
    system.drives = [entryOf(DVD)];
    for (const isLong of [true, false]) {
      const { data } = await run(commands.readCommand(1, 2, isLong), 4096);
      expect(Buffer.from(data)).toEqual(Buffer.alloc(3 * 2048, 'abc').subarray(2048));
    }
    expect((await run(commands.readCommand(2, 2, true), 4096)).transferred).toBe(2048);
    expect(system.calls).toHaveLength(1);
  });

  it('reads whole sectors of a CD, and of nothing else', async () => {
    const { data } = await run(commands.readCdCommand(9, 1, false), 2352);
    expect(data).toEqual(new Uint8Array(2352).fill(9));
    expect(senseOf(await run(commands.readCdCommand(9, 1, true), 2646))).toEqual([5, 0x24, 0]);
    system.drives = [entryOf(DVD)];
    expect(senseOf(await run(commands.readCdCommand(9, 1, false), 2352))).toEqual([5, 0x20, 0]);
    expect(senseOf(await run(commands.readTocCommand(), 804))).toEqual([5, 0x20, 0]);
  });

  it('refuses commands that it does not know', async () => {
    expect(senseOf(await run(Uint8Array.of(0x51, 0, 0, 0, 0, 0, 0, 0, 8, 0), 8))).toEqual([5, 0x20, 0]);
  });

  it.each([
    ['EIO', [3, 0x11, 0]],
    ['EINVAL', [5, 0x21, 0]],
    ['ENXIO', [2, 0x3a, 0]],
    ['ENOTTY', [5, 0x20, 0]],
  ] as const)('tells %s as the drive would', async (failing, sense) => {
    system.failing = failing;
    expect(senseOf(await run(commands.readCommand(0, 1, true), 2048))).toEqual(sense);
  });

  it.each(['EBUSY', 'EACCES'] as const)('passes %s on', async (failing) => {
    system.failing = failing;
    await expect(run(commands.readCommand(0, 1, true), 2048)).rejects.toMatchObject({ code: failing });
    const drive = await openDrive('quiet');
    await expect(drive.request('eject', 0)).rejects.toMatchObject({ code: failing });
  });

  it('notices a disc that is out, another disc, and a drive that is gone', async () => {
    const drive = await openDrive();
    onTestFinished(() => drive.close());
    expect(await drive.request('status', 0)).toBe(4);
    const stamp = await drive.request('stamp', 0);
    expect(await drive.request('stamp', stamp)).toBe(stamp);
    system.drives = [entryOf()];
    expect(await drive.request('status', 0)).toBe(1);
    expect(await drive.request('stamp', stamp)).not.toBe(stamp);
    expect(senseOf(await drive.command(commands.readCommand(0, 1, true), new Uint8Array(2048)))).toEqual([
      2, 0x3a, 0,
    ]);
    system.drives = [entryOf({ ...CD, id: 4_294_968_009, name: 'disk5' })];
    expect(await drive.request('stamp', stamp)).not.toBe(stamp);
    system.drives = [entryOf(CD, 701)];
    await expect(drive.request('status', 0)).rejects.toMatchObject({ code: 'ENODEV' });
    await expect(drive.command(commands.inquiryCommand(), new Uint8Array(36))).rejects.toMatchObject({
      code: 'ENODEV',
    });
  });

  it('sets the speed that the kind of disc counts by, and opens the tray', async () => {
    for (const [disc, speed, call] of [
      [CD, 8, 'setSpeedOfCd 1416 0'],
      [DVD, 0, 'setSpeedOfDvd 65535 0'],
      [{ ...DVD, family: 'IOBDMedia' }, 1e6, 'setSpeedOfBd 65535 0'],
    ] as const) {
      system.drives = [entryOf(disc)];
      await (await openDrive('quiet')).request('speed', speed);
      expect(system.calls.at(-1)).toBe(call);
    }
    await (await openDrive('quiet')).request('eject', 0);
    expect(system.calls.at(-1)).toBe('eject 0 0');
  });

  it('says which program does what the system has no call for', async () => {
    const drive = await openDrive('quiet');
    await expect(drive.request('close', 0)).rejects.toMatchObject({
      code: 'unsupported',
      action: 'Run drutil tray close',
    });
    await expect(drive.request('lock', 0)).rejects.toMatchObject({ code: 'unsupported' });
    system.drives = [entryOf()];
    await expect(drive.request('eject', 0)).rejects.toMatchObject({ action: 'Run drutil tray open' });
  });

  it('keeps the device open for whoever reads the disc alone', async () => {
    await rm(join(devices, 'rdisk4'));
    await expect(openDrive('disc')).rejects.toMatchObject({ code: 'ENOENT' });
    const drive = await openDrive('quiet');
    expect(await drive.request('status', 0)).toBe(4);
  });

  it('knows its disc by the block device and the raw one, and no other device', async () => {
    for (const path of ['/dev/disk4', '/dev/rdisk4']) expect(await openDrive('quiet', path)).toBeDefined();
    for (const path of ['/dev/disk0', '/dev/disk4s1', '/dev/disk44', 'IODVDServices', 'disk4', '']) {
      expect(await MacosDrive.open(path, 'quiet', { addon, devices })).toBeUndefined();
    }
    expect(await MacosDrive.open('/dev/disk4', 'quiet', { addon: undefined, devices })).toBeUndefined();
  });

  it('has another identity with every disc', async () => {
    const { identity, kernelSize } = await (await openDrive('quiet')).describe();
    system.drives = [entryOf(DVD)];
    expect((await (await openDrive('quiet')).describe()).identity).not.toEqual(identity);
    expect(kernelSize).toBe(0);
  });
});

describe('listMacosDrives', () => {
  it('names drives by their discs, and those without one by their service', () => {
    system.drives = [entryOf(undefined, 1), entryOf(CD, 2), entryOf(undefined, 3)];
    expect(listMacosDrives(addon)).toEqual(['IODVDServices', '/dev/disk4', 'IODVDServices/3']);
    expect(listMacosDrives(undefined)).toEqual([]);
  });
});

describe('isDevicePath', () => {
  it.each([
    ['/dev/disk4', true],
    ['/dev/rdisk4', true],
    ['/dev/disk4s1', false],
    ['/Users/ada/disk4', false],
    ['IODVDServices', false],
  ])('on macOS: %s is %s', async (path, isDevice) => {
    vi.stubGlobal('process', Object.create(process, { platform: { value: 'darwin' } }));
    expect(await isDevicePath(path)).toBe(isDevice);
  });
});
