// Files of sectors whose Q sub-channel was changed on purpose (.sbi, for LibCrypt of the PlayStation): "SBI", a zero,
// and of each sector its time, a format, and the changed bytes of Q. They lie beside images without subchannels.
import { countBytes } from '../base/byte-count.js';
import { IsodriveError } from '../base/error.js';
import type { ByteSource } from '../source/byte-source.js';
import { foldName } from '../source/image-files.js';
import type { OpenedFiles } from '../source/image-files.js';
import { readAtMost } from '../source/read-fully.js';
import { Q_CRC_OFFSET } from './q-checksum.js';
import { parseHeader } from './sector-address.js';

const ENDING = '.sbi';
const MAGIC = 'SBI\0';
/** More than any disc has: LibCrypt changes 16 or 32 sectors. */
const MAX_PATCHES = 4096;
/** Of an entry: three of time, one of the format. */
const HEAD_BYTES = 4;
/** By format: where in Q the changed bytes begin, and how many there are. */
const FORMATS: Readonly<Record<number, readonly [at: number, bytes: number]>> = {
  1: [0, Q_CRC_OFFSET],
  2: [3, 3],
  3: [7, 3],
};
const MAX_BYTES = MAGIC.length + MAX_PATCHES * (HEAD_BYTES + Q_CRC_OFFSET);

export interface QPatch {
  /** Byte of Q where `bytes` begin. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface SbiFile {
  readonly name: string;
  /** By logical block address; absent where the file cannot be read or is none. */
  readonly patches?: ReadonlyMap<number, QPatch>;
  /** What is wrong with it. */
  readonly fault?: string;
}

/** The one that is called as a file of the image; undefined where there is none. */
export async function findSbi(files: OpenedFiles, signal?: AbortSignal): Promise<SbiFile | undefined> {
  const stems = new Set([files.mainName, ...files.beside.map(({ name }) => name)].map(stemOf));
  const name = (await files.find(ENDING, signal)).find((one) => stems.has(stemOf(one)));
  if (name === undefined) return undefined;
  try {
    const source = await files.open(name, signal);
    return source === undefined ? undefined : await readSbi(name, source, signal);
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
    return { name, fault: `it cannot be read: ${thrown.message}` };
  }
}

async function readSbi(name: string, source: ByteSource, signal: AbortSignal | undefined): Promise<SbiFile> {
  if (source.size > MAX_BYTES)
    return { name, fault: `it has ${countBytes(source.size)}, expected ${MAX_BYTES} at most` };
  return { name, ...parseSbi(await readAtMost(source, 0, source.size, signal)) };
}

/** What a file says, or what is wrong with it. Pure. */
export function parseSbi(bytes: Uint8Array): Pick<SbiFile, 'patches' | 'fault'> {
  const start = Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1');
  if (start !== MAGIC) return { fault: 'it does not begin with "SBI" and a zero' };
  const patches = new Map<number, QPatch>();
  for (let place = MAGIC.length; place < bytes.length;) {
    // Time and format stand as the time and the mode of a sector do.
    const header = parseHeader(bytes.subarray(place, place + HEAD_BYTES));
    const [at, count = 0] = FORMATS[header?.mode ?? 0] ?? [];
    const changed = bytes.subarray(place + HEAD_BYTES, place + HEAD_BYTES + count);
    if (at === undefined || header === undefined || changed.length !== count)
      return { fault: `its entry at byte ${place} has no time, format or bytes that are known` };
    patches.set(header.block, { at, bytes: changed });
    place += HEAD_BYTES + count;
  }
  return { patches };
}

function stemOf(name: string): string {
  return foldName(name).replace(/\.[^.]*$/, '');
}
