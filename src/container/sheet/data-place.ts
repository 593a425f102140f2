// Where in a file of a sheet its sectors, or the samples of its sound, are.
import { findSamples } from '../sound/find-samples.js';
import { SAMPLE_BYTES } from '../sound/sound-place.js';
import type { SheetFiles } from './sheet-files.js';

export interface DataPlace {
  /** Number of its base; undefined: it has no sectors that can be read. */
  readonly base: number | undefined;
  /** Byte of the first sector, and behind the last. */
  readonly start: number;
  readonly end: number;
  /** It is a sound file, whose header was left out. */
  readonly isSound: boolean;
  /** Sound in it is stored high byte first. */
  readonly swap16: boolean;
}

const NOWHERE: DataPlace = { base: undefined, start: 0, end: 0, isSound: true, swap16: false };

/** All of a file: what is called binary is, so that sound that looks like a file of another kind is sound. */
export function findWholePlace(name: string, swap16: boolean, files: SheetFiles): DataPlace {
  const base = files.baseOf(name);
  if (base === undefined) return NOWHERE;
  return { base, start: 0, end: files.bases[base]!.size, isSound: false, swap16 };
}

/** The samples of a sound file; a finding where it has none that can be read. */
export async function findSoundPlace(
  name: string,
  files: SheetFiles,
  signal: AbortSignal | undefined,
): Promise<DataPlace> {
  const base = files.baseOf(name);
  if (base === undefined) return NOWHERE;
  const source = files.bases[base]!;
  // A sheet may name a file twice: it was decoded then.
  if (source.units !== undefined) return { base, start: 0, end: source.size, isSound: true, swap16: false };
  const found = await findSamples(source, signal);
  if (!('refusal' in found)) {
    const { offset, end, swap16, decoded } = found;
    if (decoded !== undefined) files.bases[base] = decoded;
    return { base, start: offset, end, isSound: true, swap16 };
  }
  files.report(
    'unread-sound-file',
    'damage',
    `File "${source.name}" is ${found.refusal}: its tracks cannot be read`,
  );
  return { ...NOWHERE, end: (found.samples ?? 0) * SAMPLE_BYTES };
}
