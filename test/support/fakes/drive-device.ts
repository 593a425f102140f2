// A drive behind the contract of its device: the one that `drive serve` serves, without its transport. The kernel
// believes the disc to be shorter, so that its end is read by commands.
import type { ScsiResult } from '../../../native/index.js';
import { execute } from '../../../src/drive/mmc/execute.js';
import type { DriveState } from '../../../src/drive/mmc/drive-state.js';
import type { Nexus } from '../../../src/drive/mmc/nexus.js';
import { DRIVE_STATUS } from '../../../src/source/optical/drive-device.js';
import type { DeviceFacts, DriveDevice } from '../../../src/source/optical/drive-device.js';

export class FakeDriveDevice implements DriveDevice {
  readonly fileDescriptor: number;
  readonly #drive: DriveState;
  readonly #nexus: Nexus;
  readonly #kernelSize: number;
  /** Discs that were put in since the first. */
  changes = 0;
  closings = 0;

  /** Owns nothing. */
  constructor(drive: DriveState, fileDescriptor: number, kernelSize: number) {
    this.#drive = drive;
    this.#nexus = drive.connect();
    this.#nexus.takeAttention();
    this.fileDescriptor = fileDescriptor;
    this.#kernelSize = kernelSize;
  }

  request(request: string): Promise<number> {
    return Promise.resolve(request === 'status' ? DRIVE_STATUS.loaded : this.changes);
  }

  async command(cdb: Uint8Array, target: Uint8Array): Promise<ScsiResult> {
    const [drive, nexus, parameters] = [this.#drive, this.#nexus, new Uint8Array()];
    const data = execute({ cdb, parameters, drive, nexus, units: [0] });
    const transferred = Math.min(data.length, target.length);
    await data.read(target.subarray(0, transferred), 0);
    return { status: 0, hostStatus: 0, transferred, sense: new Uint8Array() };
  }

  describe(): Promise<DeviceFacts> {
    return Promise.resolve({
      identity: { device: 1n, inode: 2n, modified: 3n },
      kernelSize: this.#kernelSize,
    });
  }

  close(): Promise<void> {
    this.closings += 1;
    return Promise.resolve();
  }
}
