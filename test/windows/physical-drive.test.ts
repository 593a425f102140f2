// Physical drives on Windows' Node under Wine: its pass-through of SCSI commands, and behind it a drive of our own in
// the place of the kernel's. The kernel's drives, in a virtual machine, are too slow (docs/design/testing.md).
import { readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { DriveState } from '../../src/drive/mmc/drive-state.js';
import { Medium } from '../../src/drive/mmc/medium.js';
import { plainDisc } from '../support/fakes/drive.js';
import { FaultySource } from '../support/fakes/faulty-source.js';
import { findExtent, makeSampleImage } from '../support/builders/sample-image.js';
import { IoctlDrive } from '../support/fakes/ioctl-drive.js';
import { WINDOWS_PATIENCE, WindowsMachine, WINDOWS_NEEDS } from '../support/machines/windows-machine.js';
import { needs } from '../support/needs.js';

const SECTOR = 2048;
const DRIVE = '\\\\.\\S:';

describe('A physical drive on Windows', needs(...WINDOWS_NEEDS, 'isoinfo'), () => {
  let windows: WindowsMachine;
  let served: IoctlDrive;
  let source: FaultySource;
  let bytes: Buffer;
  const run: WindowsMachine['run'] = (...args) => windows.run(...args);
  const states = async (): Promise<unknown> => {
    const { physical } = JSON.parse((await run('drives', '--json')).stdout) as { physical: object[] };
    return physical;
  };

  beforeAll(async () => {
    windows = await WindowsMachine.make({ hasDrive: true });
    const { image } = await makeSampleImage(windows.prefix.folder, {
      'first.bin': 700_001,
      'dir/2.bin': 300_000,
    });
    bytes = await readFile(image);
    source = new FaultySource(bytes);
    const drive = new DriveState('WINDOWS', new Medium(plainDisc(source)));
    served = await IoctlDrive.listen(windows.driveSocket, drive);
  }, WINDOWS_PATIENCE);
  afterAll(async () => {
    await windows[Symbol.asyncDispose]();
    await served[Symbol.asyncDispose]();
  }, WINDOWS_PATIENCE);

  it('is listed with its disc, and opened', async () => {
    expect(await states()).toMatchObject([{ path: DRIVE, state: 'loaded', product: 'Virtual disc' }]);
    const { stdout } = await run('info', DRIVE, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ label: 'SAMPLE', size: bytes.length, findings: [] });
    expect((await run('ls', DRIVE, '-R')).stdout).toBe('/\n/dir\n/dir/2.bin\n/first.bin\n');
  });

  it('gives files, byte for byte', async () => {
    expect(await run('extract', DRIVE, '-C', 'out files')).toMatchObject({ status: 0, stderr: '' });
    await mustRun('diff', ['-r', windows.at('tree'), windows.at('out files')]);
    expect(await windows.runAlone(['cat', DRIVE, '/dir/2.bin'])).toMatchObject({ status: 0, stderr: '' });
    await mustRun('cmp', [windows.at('tree/dir/2.bin'), windows.at('out')]);
  });

  it('is compared sector by sector, and no image that could be attached', async () => {
    expect(await run('compare', DRIVE, 'sample.iso')).toMatchObject({
      status: 0,
      stdout: 'the same in every sector\n',
    });
    expect(await windows.fail('mount', DRIVE)).toMatchObject({ code: 'unsupported', exit: 5 });
  });

  it('is copied byte for byte, and read again to see that', async () => {
    const { status, stdout } = await run('create', DRIVE, 'whole.iso', '--verify');
    expect({ status, stdout }).toMatchObject({ status: 0 });
    expect(stdout).toContain('the same, all sectors read');
    expect((await readFile(windows.at('whole.iso'))).equals(bytes)).toBe(true);
  });

  it('with a bad sector gives all others, and names it', async () => {
    const position = (await findExtent(windows.at('sample.iso'), '/first.bin')) + 5 * SECTOR;
    source.bad = [position, position + SECTOR];
    try {
      expect(await windows.fail('create', DRIVE, 'bad.iso', '--retries', '0')).toMatchObject({ exit: 11 });
      const result = await run('create', DRIVE, 'bad.iso', '--retries', '0', '--accept-errors', '--json');
      expect(JSON.parse(result.stdout)).toMatchObject({
        unreadable: [{ position, size: SECTOR }],
        affectedFiles: [{ path: '/first.bin' }],
      });
      const expected = Buffer.from(bytes).fill(0, position, position + SECTOR);
      expect((await readFile(windows.at('bad.iso'))).equals(expected)).toBe(true);
    } finally {
      source.bad = [0, 0];
      await rm(windows.at('bad.iso'), { force: true });
    }
  });

  it('is ejected and closed, and lets go of its tray after each command', async () => {
    expect(served.drive.isRemovalPrevented).toBe(false);
    expect(await run('eject', DRIVE)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(served.drive.isTrayOpen).toBe(true);
    expect(await states()).toMatchObject([{ path: DRIVE, state: 'open' }]);
    expect(await windows.fail('info', DRIVE)).toMatchObject({ code: 'image-unreadable', exit: 3 });
    expect(await run('eject', DRIVE, '--close')).toMatchObject({ status: 0 });
    expect(await states()).toMatchObject([{ path: DRIVE, state: 'loaded' }]);
  });

  it('is not ejected while somebody has its tray locked', async () => {
    const other = served.drive.connect();
    other.preventsRemoval = true;
    expect((await run('eject', DRIVE)).status).not.toBe(0);
    expect(served.drive.isTrayOpen).toBe(false);
    served.drive.disconnect(other);
  });
});
