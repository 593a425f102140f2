// Host files that Windows cannot attach images from, and letters: with a system that says what a test wants it to.
import { describe, expect, it } from 'vitest';
import type { WindowsAddon } from '../../native/windows/index.js';
import { attachDisk, detachDisk } from '../../src/mount/windows/virtual-disk.js';
import type { AttachOptions } from '../../src/mount/windows/virtual-disk.js';

const DEVICE = '\\\\.\\CDROM1';
const OPTIONS: AttachOptions = {
  letter: undefined,
  deadline: 1000,
  signal: new AbortController().signal,
};

interface FakeSystem {
  readonly attributes?: number;
  readonly isRemote?: boolean;
  /** What each look for the letter gives; nothing afterwards. */
  readonly letters?: readonly string[];
  /** What each try to give a letter says. */
  readonly kinds?: readonly ('system' | 'session' | '')[];
  readonly isBusy?: boolean;
}

function makeSystem(facts: FakeSystem): { addon: WindowsAddon; calls: string[] } {
  const { attributes = 0x20, isRemote = false, letters = [], kinds = [], isBusy = false } = facts;
  const calls: string[] = [];
  const waiting = { letters: [...letters], kinds: [...kinds] };
  const addon = {
    attach: (_: string, withoutLetter: boolean) => {
      calls.push(withoutLetter ? 'attach without letter' : 'attach');
      return DEVICE;
    },
    detach: () => {
      calls.push('detach');
      if (isBusy)
        throw Object.assign(new Error('DetachVirtualDisk'), { systemCode: 32, syscall: 'DetachVirtualDisk' });
    },
    findLetter: () => waiting.letters.shift() ?? '',
    assignLetter: (_: string, letter: string) => {
      calls.push(`assign ${letter}`);
      return waiting.kinds.shift() ?? '';
    },
    removeLetter: (_: string, letter: string, kind: string) => calls.push(`remove ${letter} ${kind}`),
    listLetters: () => ['C:', 'Z:'],
    describeHost: () => ({ attributes, isRemote }),
  };
  return { addon: addon as unknown as WindowsAddon, calls };
}

describe('attachDisk', () => {
  it.each([
    ['FILE_ATTRIBUTE_SPARSE_FILE', 'not sparse', { attributes: 0x220 }],
    ['FILE_ATTRIBUTE_COMPRESSED', 'compact /u', { attributes: 0x820 }],
    ['FILE_ATTRIBUTE_ENCRYPTED', 'cipher /d', { attributes: 0x4020 }],
    ['FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS', 'cloud', { attributes: 0x400020 }],
    ['on another machine', 'local disk', { isRemote: true }],
  ])('refuses a file for %s, attaches nothing, and says what to do: %s', async (what, action, facts) => {
    const { addon, calls } = makeSystem(facts);
    const refused = attachDisk(addon, 'a.iso', OPTIONS);
    await expect(refused).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(what) as string,
      action: expect.stringContaining(action) as string,
    });
    expect(calls).toEqual([]);
  });

  it('takes a file with attributes that do not matter', async () => {
    // Read-only, hidden, system, archive.
    const { addon } = makeSystem({ attributes: 0x27, letters: ['E:'] });
    await expect(attachDisk(addon, 'a.iso', OPTIONS)).resolves.toMatchObject({ letter: 'E:' });
  });

  it('waits for a letter that comes late', async () => {
    const { addon } = makeSystem({ letters: ['', '', 'E:'] });
    const disk = await attachDisk(addon, 'a.iso', { ...OPTIONS, deadline: 60_000 });
    expect(disk).toEqual({ letter: 'E:', device: DEVICE, kind: undefined });
  });

  it('waits for the volume that is to have the chosen letter', async () => {
    const { addon, calls } = makeSystem({ kinds: ['', '', 'system'] });
    const disk = await attachDisk(addon, 'a.iso', { ...OPTIONS, letter: 'e', deadline: 60_000 });
    expect(disk).toEqual({ letter: 'E:', device: DEVICE, kind: 'system' });
    expect(calls).toEqual(['attach without letter', 'assign E:', 'assign E:', 'assign E:']);
  });

  it.each([undefined, 'E'])('detaches again when the letter does not come, chosen: %s', async (letter) => {
    const { addon, calls } = makeSystem({});
    await expect(attachDisk(addon, 'a.iso', { ...OPTIONS, letter, deadline: 1 })).rejects.toMatchObject({
      code: 'timeout',
    });
    expect(calls.at(-1)).toBe('detach');
  });

  it('detaches again when it is interrupted', async () => {
    const { addon, calls } = makeSystem({});
    const options = { ...OPTIONS, deadline: 60_000, signal: AbortSignal.abort() };
    await expect(attachDisk(addon, 'a.iso', options)).rejects.toMatchObject({ code: 'cancelled' });
    expect(calls).toEqual(['attach', 'detach']);
  });

  it('refuses a letter that is taken before it attaches', async () => {
    const { addon, calls } = makeSystem({});
    await expect(attachDisk(addon, 'a.iso', { ...OPTIONS, letter: 'z' })).rejects.toMatchObject({
      code: 'busy',
    });
    expect(calls).toEqual([]);
  });
});

describe('detachDisk', () => {
  it('takes back the letter that was given, while the device is there', () => {
    const { addon, calls } = makeSystem({});
    detachDisk(addon, 'a.iso', { letter: 'E:', device: DEVICE, kind: 'session' });
    expect(calls).toEqual(['remove E: session', 'detach']);
  });

  it('gives the letter again when the drive is in use', () => {
    const { addon, calls } = makeSystem({ isBusy: true });
    const detach = (): void => detachDisk(addon, 'a.iso', { letter: 'E:', device: DEVICE, kind: 'system' });
    expect(detach).toThrow(expect.objectContaining({ code: 'busy' }) as Error);
    expect(calls).toEqual(['remove E: system', 'detach', 'assign E:']);
  });

  it("leaves the system's own letter to the system", () => {
    const { addon, calls } = makeSystem({});
    detachDisk(addon, 'a.iso', { letter: 'E:', device: DEVICE, kind: undefined });
    expect(calls).toEqual(['detach']);
  });
});
