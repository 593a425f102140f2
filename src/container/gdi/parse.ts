// Parses the track list of a GD-ROM (.gdi), as programs for the Dreamcast write it: text in, facts or an error out.
import { IsodriveError } from '../../base/error.js';
import { MAX_TRACKS } from '../build-disc.js';
import type { SheetText } from '../sheet/sheet-text.js';

export interface GdiTrack {
  readonly number: number;
  /** Logical block address of its first stored sector. */
  readonly start: number;
  readonly isData: boolean;
  /** Bytes of a sector. */
  readonly bytes: 2048 | 2336 | 2352 | 2448;
  /** As it stands in the list. */
  readonly file: string;
  /** Byte of its first sector. */
  readonly offset: number;
}

/** Number, address, control, bytes of a sector, name, offset. */
const LINE = /^(\d{1,3})[ \t]+(\d{1,9})[ \t]+(\d{1,2})[ \t]+(\d{1,5})[ \t]+(\S.*)$/;
const SIZES = [2048, 2336, 2352, 2448] as const;
const DATA = 4;

/** Names of the files of a list; undefined for what is none. */
export function listGdiFiles({ lines }: SheetText): readonly string[] | undefined {
  const filled = lines.filter((line) => line !== '');
  const rows = filled.slice(1).map((line) => parseLine(line));
  const isList = /^\d{1,3}$/.test(filled[0] ?? '') && rows.length > 0 && rows[0] !== undefined;
  return isList ? rows.flatMap((row) => (row === undefined ? [] : [row.file])) : undefined;
}

/** Throws `damaged` for what cannot be right. */
export function parseGdi({ lines, name }: SheetText): readonly GdiTrack[] {
  const tracks: GdiTrack[] = [];
  const refuse = (line: number, found: string, wanted: string): IsodriveError =>
    new IsodriveError(
      'damaged',
      `Cannot read track list "${name}": ${found} in line ${line}, expected ${wanted}`,
      { at: { source: name }, action: 'Mend the line, or fetch the list again' },
    );
  for (const [i, line] of lines.entries()) {
    if (line === '' || /^\d{1,3}$/.test(line)) continue;
    const track = parseLine(line);
    if (track === undefined)
      throw refuse(i + 1, 'something else', 'number, address, 0 or 4, bytes of a sector, file and offset');
    const last = tracks.at(-1);
    if (track.number > MAX_TRACKS || track.number <= (last?.number ?? 0))
      throw refuse(i + 1, `track ${track.number}`, `one from ${(last?.number ?? 0) + 1} to ${MAX_TRACKS}`);
    if (last !== undefined && track.start <= last.start)
      throw refuse(i + 1, `address ${track.start}`, `one behind ${last.start}`);
    tracks.push(track);
  }
  return tracks;
}

function parseLine(line: string): GdiTrack | undefined {
  const [, number, start, control, size, rest = ''] = LINE.exec(line) ?? [];
  const bytes = SIZES.find((one) => one === Number(size));
  if (number === undefined || bytes === undefined) return undefined;
  const end = Math.max(rest.lastIndexOf(' '), rest.lastIndexOf('\t'));
  const offset = rest.slice(end + 1);
  const hasOffset = end > 0 && /^\d{1,15}$/.test(offset);
  const file = (hasOffset ? rest.slice(0, end) : rest).replace(/[ \t]{1,100}$/, '');
  return {
    ...{ number: Number(number), start: Number(start), isData: (Number(control) & DATA) !== 0, bytes },
    file: /^"(.*)"$/.exec(file)?.[1] ?? file,
    offset: hasOffset ? Number(offset) : 0,
  };
}
