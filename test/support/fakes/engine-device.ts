// A physical drive that is our own engine: commands go to it as SG_IO would take them, without a kernel between.
import type { DriveRequest, ScsiResult } from '../../../native/index.js';
import type { Disc } from '../../../src/disc/disc.js';
import { execute } from '../../../src/drive/mmc/execute.js';
import { CheckCondition, encodeSense } from '../../../src/drive/mmc/sense.js';
import { DRIVE_STATUS } from '../../../src/source/optical/drive-device.js';
import type { DeviceFacts, DriveDevice } from '../../../src/source/optical/drive-device.js';
import { readAnswer, TestDrive } from './drive.js';

const CHECK_CONDITION = 2;

export class EngineDevice implements DriveDevice {
  readonly fileDescriptor = undefined;
  /** Commands so far. */
  readonly commands: Uint8Array[] = [];
  /** Changes what the drive answers. */
  alter: ((command: Uint8Array, answer: Buffer) => void) | undefined;
  readonly #tested: TestDrive;

  constructor(disc: Disc) {
    this.#tested = new TestDrive(disc);
  }

  request(request: DriveRequest, argument: number): Promise<number> {
    return Promise.resolve(request === 'status' ? DRIVE_STATUS.loaded : argument);
  }

  async command(cdb: Uint8Array, target: Uint8Array): Promise<ScsiResult> {
    this.commands.push(cdb);
    const { drive, nexus } = this.#tested;
    try {
      const data = execute({ cdb, parameters: new Uint8Array(), drive, nexus, units: [0] });
      const answer = await readAnswer(data, 0, Math.min(data.length, target.length));
      this.alter?.(cdb, answer);
      target.set(answer);
      return { status: 0, hostStatus: 0, transferred: answer.length, sense: new Uint8Array() };
    } catch (thrown) {
      if (!(thrown instanceof CheckCondition)) throw thrown;
      const sense = encodeSense(thrown.sense);
      return { status: CHECK_CONDITION, hostStatus: 0, transferred: 0, sense };
    }
  }

  describe(): Promise<DeviceFacts> {
    return Promise.resolve({ identity: { device: 0n, inode: 0n, modified: 0n }, kernelSize: 0 });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
