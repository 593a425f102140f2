// An optical drive for programs that ask a device of Linux by ioctl: those of drive-preload.c come here, and the
// drive is the one that `drive serve` serves, without its transport.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { execute } from '../../../src/drive/mmc/execute.js';
import type { DriveState } from '../../../src/drive/mmc/drive-state.js';
import type { Nexus } from '../../../src/drive/mmc/nexus.js';
import { CheckCondition, encodeSense } from '../../../src/drive/mmc/sense.js';
import type { Sense } from '../../../src/drive/mmc/sense.js';

const REQUEST_BYTES = 24;
/** scsi/sg.h, linux/cdrom.h. */
const SG_IO = 0x2285;
const CDROMEJECT = 0x5309;
const CDROMCLOSETRAY = 0x5319;
const CDROM_DRIVE_STATUS = 0x5326;
const CDROM_LOCKDOOR = 0x5329;
/** CDS_ of linux/cdrom.h. */
const STATUS = { empty: 1, open: 2, loaded: 4 } as const;
const ENOTTY = -25;
const EIO = -5;
const CHECK_CONDITION = 2;

export class IoctlDrive implements AsyncDisposable {
  readonly drive: DriveState;
  readonly #nexus: Nexus;
  readonly #server: Server;

  private constructor(drive: DriveState) {
    this.drive = drive;
    this.#nexus = drive.connect();
    this.#server = createServer((socket) => void this.#answer(socket));
  }

  static async listen(path: string, drive: DriveState): Promise<IoctlDrive> {
    const served = new IoctlDrive(drive);
    served.#server.listen(path);
    await once(served.#server, 'listening');
    return served;
  }

  /** Requests come one at a time, in one piece: they are shorter than any buffer. */
  async #answer(socket: Socket): Promise<void> {
    socket.on('error', () => undefined);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    const number = bytes.readUInt32BE(0);
    const argument = bytes.readUInt32BE(4);
    const command = bytes.subarray(8, REQUEST_BYTES);
    const { result, sense, data } =
      number === SG_IO ? await this.#command(command, argument) : await this.#request(number, argument);
    const head = Buffer.alloc(12);
    head.writeInt32BE(result, 0);
    head.writeUInt32BE(sense.length, 4);
    head.writeUInt32BE(data.length, 8);
    socket.end(Buffer.concat([head, sense, data]));
  }

  async #command(cdb: Uint8Array, room: number): Promise<Answer> {
    try {
      const { drive } = this;
      const answer = execute({ cdb, parameters: new Uint8Array(), drive, nexus: this.#nexus, units: [0] });
      const data = Buffer.alloc(Math.min(room, answer.length));
      if (data.length > 0) await answer.read(data, 0);
      return { ...NOTHING, data };
    } catch (thrown) {
      if (!(thrown instanceof CheckCondition)) throw thrown;
      return refused(thrown.sense);
    }
  }

  /** The kernel makes commands of these as well. */
  async #request(number: number, argument: number): Promise<Answer> {
    if (number === CDROM_DRIVE_STATUS) {
      const { medium, isTrayOpen } = this.drive;
      return { ...NOTHING, result: medium ? STATUS.loaded : isTrayOpen ? STATUS.open : STATUS.empty };
    }
    const commands = new Map([
      [CDROMEJECT, [0x1b, 0, 0, 0, 2]],
      [CDROMCLOSETRAY, [0x1b, 0, 0, 0, 3]],
      [CDROM_LOCKDOOR, [0x1e, 0, 0, 0, argument === 0 ? 0 : 1]],
    ]);
    const command = commands.get(number);
    if (command === undefined) return { ...NOTHING, result: ENOTTY };
    // What has to be told first is told by the next command.
    this.#nexus.takeAttention();
    const { result } = await this.#command(Uint8Array.from(command), 0);
    return { ...NOTHING, result: result === 0 ? 0 : EIO };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

interface Answer {
  /** As `reply` of drive-preload.c. */
  readonly result: number;
  readonly sense: Uint8Array;
  readonly data: Uint8Array;
}

const NOTHING: Answer = { result: 0, sense: new Uint8Array(), data: new Uint8Array() };

function refused(sense: Sense): Answer {
  return { ...NOTHING, result: CHECK_CONDITION, sense: encodeSense(sense) };
}
