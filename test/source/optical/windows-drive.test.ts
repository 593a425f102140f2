// A drive of Windows, over an addon that answers as drives do: what its sense data mean, what the system's errors
// mean, and when its tray is locked.
import { describe, expect, it } from 'vitest';
import type { ScsiResult } from '../../../native/index.js';
import type { WindowsAddon } from '../../../native/windows/index.js';
import { WindowsDrive, listWindowsDrives } from '../../../src/source/optical/windows-drive.js';

const PATH = '\\\\.\\D:';

interface FakeAddon {
  /** What each command comes to; the last for all that follow. */
  readonly results?: readonly (ScsiResult | number)[];
  /** Code with which every request fails. */
  readonly failing?: number;
  readonly type?: number;
}

function windowsError(systemCode: number): Error {
  return Object.assign(new Error('failed'), { systemCode, syscall: 'DeviceIoControl' });
}

function makeAddon({ results = [good()], failing, type = 5 }: FakeAddon): {
  addon: WindowsAddon;
  calls: string[];
} {
  const calls: string[] = [];
  const left = [...results];
  const addon = {
    driveType: () => type,
    openDrive: () => ({}),
    closeDrive: () => calls.push('closed'),
    scsiCommand: (_: unknown, command: Uint8Array) => {
      calls.push(`command ${command[0]}`);
      const result = left.length > 1 ? left.shift()! : left[0]!;
      return typeof result === 'number' ? Promise.reject(windowsError(result)) : Promise.resolve(result);
    },
    driveRequest: (_: unknown, request: string, argument: number) => {
      calls.push(`${request} ${argument}`);
      return failing === undefined ? Promise.resolve(7) : Promise.reject(windowsError(failing));
    },
  };
  return { addon: addon as unknown as WindowsAddon, calls };
}

function good(): ScsiResult {
  return { status: 0, hostStatus: 0, transferred: 0, sense: new Uint8Array() };
}

/** CHECK CONDITION with fixed-format sense data (SPC-4). */
function check(key: number, code: number, qualifier: number): ScsiResult {
  const sense = new Uint8Array(18);
  sense.set([0x70, 0, key], 0);
  sense.set([code, qualifier], 12);
  return { status: 2, hostStatus: 0, transferred: 0, sense };
}

describe('WindowsDrive', () => {
  it.each([
    ['a disc', 4, [good()]],
    ['no disc', 1, [check(2, 0x3a, 0)]],
    ['no disc, the tray closed', 1, [check(2, 0x3a, 1)]],
    ['an open tray', 2, [check(2, 0x3a, 2)]],
    ['a disc that is becoming ready', 3, [check(2, 0x04, 1)]],
    ['a new disc, once that was told', 4, [good(), check(6, 0x28, 0), good()]],
    ['a disc that cannot be read, which reading says', 4, [check(3, 0x11, 0)]],
  ])('tells %s', async (_, status, results) => {
    const { addon } = makeAddon({ results });
    const drive = await WindowsDrive.open(PATH, 'quiet', addon);
    expect(await drive!.request('status', 0)).toBe(status);
  });

  it('gives up asking a drive that always has news', async () => {
    const { addon, calls } = makeAddon({ results: [check(6, 0x29, 0)] });
    await WindowsDrive.open(PATH, 'quiet', addon);
    expect(calls).toEqual(Array(4).fill('command 0'));
  });

  it('locks the tray for whoever reads the disc, and nobody else', async () => {
    for (const [mode, locks] of [
      ['quiet', ['command 0', 'closed']],
      ['disc', ['lock 1', 'command 0', 'lock 0', 'closed']],
    ] as const) {
      const { addon, calls } = makeAddon({});
      const drive = await WindowsDrive.open(PATH, mode, addon);
      await drive!.close();
      expect(calls).toEqual(locks);
    }
  });

  it.each([
    [5, 'EACCES'],
    [21, 'ENOMEDIUM'],
    [1112, 'ENOMEDIUM'],
    [170, 'EBUSY'],
    [1167, 'ENODEV'],
    [9999, 'EIO'],
  ])('gives the code %i the name %s', async (failing, code) => {
    const { addon } = makeAddon({ failing });
    const drive = await WindowsDrive.open(PATH, 'quiet', addon);
    await expect(drive!.request('eject', 0)).rejects.toMatchObject({ code });
  });

  it('is none where the letter is of another kind, or nothing takes commands', async () => {
    expect(await WindowsDrive.open(PATH, 'quiet', makeAddon({ type: 3 }).addon)).toBeUndefined();
    const { addon, calls } = makeAddon({ results: [1] });
    expect(await WindowsDrive.open(PATH, 'quiet', addon)).toBeUndefined();
    expect(calls.at(-1)).toBe('closed');
  });

  it('tells attached images from physical drives by their bus, and takes a drive that does not say for one', () => {
    // BusTypeFileBackedVirtual, BusTypeVirtual, BusTypeSata, and none.
    const buses: Record<string, number | undefined> = { 'D:': 15, 'E:': 14, 'F:': 11, 'G:': undefined };
    const addon = {
      listLetters: () => ['C:', ...Object.keys(buses)],
      driveType: (root: string) => (root === 'C:\\' ? 3 : 5),
      busType: (path: string) => {
        const bus = buses[path.slice(-2)];
        if (bus === undefined) throw windowsError(1);
        return bus;
      },
    };
    expect(listWindowsDrives(addon as unknown as WindowsAddon)).toEqual({
      physical: ['\\\\.\\F:', '\\\\.\\G:'],
      attached: ['\\\\.\\D:', '\\\\.\\E:'],
    });
  });

  it('closes a drive that only administrators may ask', async () => {
    const { addon, calls } = makeAddon({ results: [5] });
    await expect(WindowsDrive.open(PATH, 'quiet', addon)).rejects.toMatchObject({ code: 'EACCES' });
    expect(calls.at(-1)).toBe('closed');
  });
});
