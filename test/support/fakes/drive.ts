// Drives over images in memory, and commands to them, byte by byte.
import type { Disc } from '../../../src/disc/disc.js';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { SECTOR_SIZE } from '../../../src/disc/data-stream.js';
import type { DataIn } from '../../../src/drive/mmc/data-in.js';
import { DriveState } from '../../../src/drive/mmc/drive-state.js';
import { execute } from '../../../src/drive/mmc/execute.js';
import { Medium } from '../../../src/drive/mmc/medium.js';
import type { Nexus } from '../../../src/drive/mmc/nexus.js';
import { CheckCondition } from '../../../src/drive/mmc/sense.js';
import type { ByteSource } from '../../../src/source/byte-source.js';

/** Bytes that differ from sector to sector and within each. */
export function patternedBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i += 1) bytes[i] = (i * 31 + (i >> 11) * 7) & 0xff;
  return bytes;
}

/** A disc of one track. `blocks` may claim more than there are bytes. */
export function plainDisc(source: ByteSource, blocks = Math.ceil(source.size / SECTOR_SIZE)): Disc {
  const track = { number: 1, mode: 'mode1', start: 0, length: blocks } as const;
  const reader = PlanStream.plain(source);
  return { format: 'iso', sessions: [{ number: 1, tracks: [track] }], data: reader };
}

/** Bytes of an answer, which may be rejected as DataIn.read is. */
export async function readAnswer(data: DataIn, offset = 0, length = data.length - offset): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await data.read(bytes, offset);
  return bytes;
}

/** A drive and one initiator that has been told of the reset. */
export class TestDrive {
  readonly drive: DriveState;
  readonly nexus: Nexus;

  /** `now`: the drive's clock, in milliseconds. */
  constructor(disc: Disc | undefined, now?: () => number) {
    this.drive = new DriveState('TEST', disc === undefined ? undefined : new Medium(disc), now);
    this.nexus = this.drive.connect();
    this.nexus.takeAttention();
  }

  /** Runs a command; gives its answer. Rejects with CheckCondition. */
  async run(
    cdb: readonly number[],
    parameters: Uint8Array = new Uint8Array(),
    nexus = this.nexus,
  ): Promise<Buffer> {
    const { drive } = this;
    const data = execute({ cdb: Uint8Array.from(cdb), parameters, drive, nexus, units: [0, 1] });
    return readAnswer(data);
  }

  /** Runs a command that is to be refused; gives "key/code/qualifier" in hexadecimal. */
  async refusal(cdb: readonly number[], parameters?: Uint8Array, nexus?: Nexus): Promise<string> {
    try {
      await this.run(cdb, parameters, nexus);
    } catch (thrown) {
      if (!(thrown instanceof CheckCondition)) throw thrown;
      const { key, code, qualifier } = thrown.sense;
      return [key, code, qualifier].map((value) => value.toString(16)).join('/');
    }
    return 'good';
  }
}
