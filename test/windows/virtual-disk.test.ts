// What host files Windows cannot attach images from: asked before, because the system's own errors do not say.
import { describe, expect, it } from 'vitest';
import type { WindowsAddon } from '../../native/windows/index.js';
import { attachDisk } from '../../src/windows/virtual-disk.js';

const OPTIONS = { deadline: 1000, signal: new AbortController().signal };

/** A system whose file has these attributes; attaching is a fault of the test unless `device` is given. */
function system(attributes: number, isRemote = false, letters: readonly string[] = []): WindowsAddon {
  const waiting = [...letters];
  return {
    attach: () => {
      if (letters.length === 0) throw new Error('Attached');
      return '\\\\.\\CDROM1';
    },
    detach: () => undefined,
    findLetter: () => waiting.shift() ?? '',
    describeHost: () => ({ attributes, isRemote }),
  };
}

describe('attachDisk', () => {
  it.each([
    ['sparse', system(0x200)],
    ['compressed', system(0x820)],
    ['encrypted', system(0x4020)],
    ['on another machine', system(0x20, true)],
  ])('refuses a file that is %s', async (what, addon) => {
    const refused = attachDisk(addon, 'a.iso', OPTIONS);
    await expect(refused).rejects.toMatchObject({ code: 'unsupported' });
    await expect(refused).rejects.toThrow(what);
  });

  it('waits for a letter that comes late', async () => {
    const disk = await attachDisk(system(0x20, false, ['', '', 'E:']), 'a.iso', OPTIONS);
    expect(disk).toEqual({ letter: 'E:', device: '\\\\.\\CDROM1' });
  });
});
