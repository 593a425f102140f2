// Looks at the Q sub-channel of every sector: its CRC, or, where that was changed on purpose, what a file says of it.
import type { Subchannel } from '../../disc/disc.js';
import { Q_CRC_OFFSET, Q_LENGTH, qChecksum } from '../../disc/q-checksum.js';
import type { SbiFile } from '../../disc/sbi-file.js';
import { SUBCHANNEL_BYTES } from '../../disc/sector-parity.js';
import type { Check } from './check.js';
import { SectorScan } from './sector-scan.js';

/** Where Q lies in 96 bytes of channels one behind the other, and its bit where those are interleaved. */
const Q_OFFSET = Q_LENGTH;
const Q_BIT = 6;

export class SubchannelScan extends SectorScan {
  readonly #form: Subchannel['form'];
  readonly #sbi: SbiFile | undefined;
  readonly #q = Buffer.alloc(Q_LENGTH);
  #agreed = 0;
  #changed = 0;
  #empty = 0;

  constructor({ stream, form }: Subchannel, sbi: SbiFile | undefined) {
    super({ kind: 'subchannel', evidence: 'CRC of Q', subject: 'image' }, stream.size, SUBCHANNEL_BYTES);
    this.#form = form;
    this.#sbi = sbi;
  }

  protected look(sector: Buffer, number: number): string | undefined {
    const q = this.#extract(sector);
    const patch = this.#sbi?.patches?.get(number);
    if (patch !== undefined) {
      const found = q.subarray(patch.at, patch.at + patch.bytes.length);
      if (!found.equals(patch.bytes)) return `Q: it is not as "${this.#sbi!.name}" says`;
      this.#changed += 1;
    } else if (q.every((byte) => byte === 0)) {
      this.#empty += 1;
    } else if (q.readUInt16BE(Q_CRC_OFFSET) === qChecksum(q)) {
      this.#agreed += 1;
    } else return 'Q: data do not fit the CRC';
    return undefined;
  }

  protected sum(): Pick<Check, 'status' | 'detail'>[] {
    const sums = [
      ['ok', this.#agreed, 'sectors agree'],
      ['ok', this.#changed, `sectors are changed as "${this.#sbi?.name}" says`],
      ['unchecked', this.#empty, 'sectors have an empty Q'],
    ] as const;
    return sums
      .filter(([, count]) => count > 0)
      .map(([status, count, words]) => ({ status, detail: `${count} ${words}` }));
  }

  #extract(sector: Uint8Array): Buffer {
    if (this.#form === 'linear') {
      this.#q.set(sector.subarray(Q_OFFSET, Q_OFFSET + Q_LENGTH));
      return this.#q;
    }
    this.#q.fill(0);
    for (let i = 0; i < SUBCHANNEL_BYTES; i += 1) {
      if (((sector[i]! >> Q_BIT) & 1) === 1) this.#q[i >> 3]! |= 0x80 >> (i & 7);
    }
    return this.#q;
  }
}
