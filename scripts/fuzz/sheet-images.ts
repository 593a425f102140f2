// Sheets that describe images of several files: the sheet is what is changed, and the files that it names are made up.
import { SYNC } from '../../src/disc/raw-sector.js';
import { storeImage } from './paged-image.js';
import type { StoredFile, StoredImage } from './paged-image.js';

const SECTOR = 2352;
const SECTORS = 400;
/** Sectors of data before those of sound. */
const DATA_SECTORS = 200;

const SHEETS: Readonly<Record<string, string>> = {
  'made.cue': `CATALOG 1234567890123
REM SESSION 01
TITLE "Disc"
FILE "a.bin" BINARY
  TRACK 01 MODE1/2352
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    FLAGS DCP PRE
    ISRC USRC17607839
    PREGAP 00:02:00
    INDEX 00 00:02:50
    INDEX 01 00:03:00
    INDEX 02 00:04:00
    POSTGAP 00:01:00
REM LEAD-OUT 00:05:25
REM SESSION 02
FILE "b.wav" WAVE
  TRACK 03 AUDIO
    INDEX 01 00:00:00
REM HIGH-DENSITY AREA
FILE "c.bin" MOTOROLA
  TRACK 04 MODE2/2336
    INDEX 01 00:00:10
`,
  'sound.cue': `PERFORMER "Band"
FILE "b.wav" WAVE
  TRACK 01 AUDIO
    TITLE "One"
    INDEX 00 00:00:00
    INDEX 01 00:00:33
  TRACK 02 AUDIO
    INDEX 00 00:03:00
FILE "d.wav" WAVE
    INDEX 01 00:00:00
`,
  'made.toc': `CD_ROM_XA
CATALOG "1234567890123"
CD_TEXT { LANGUAGE_MAP { 0 : EN } LANGUAGE 0 { TITLE "Disc" PERFORMER "Band" SIZE_INFO { 0, 1, 2 } } }
TRACK MODE1_RAW
NO COPY
DATAFILE "a.bin" 00:02:50 // comment
ZERO MODE1_RAW 00:02:00
TRACK AUDIO RW_RAW
ISRC "USRC17607839"
SILENCE 00:02:00
FILE "a.bin" #470400 0 00:02:00
START 00:02:00
INDEX 00:01:00
TRACK AUDIO
PREGAP 00:01:00
AUDIOFILE "b.wav" SWAP 588 58800
`,
  'made.gdi': `4
1 0 4 2352 "a.bin" 0
2 300 0 2352 a.bin 470400
3 45000 4 2352 a.bin 0
4 45300 0 2048 my track 04.raw 0
`,
  'made.ccd': `[CloneCD]
Version=3
[Disc]
TocEntries=6
Sessions=2
CDTextLength=1
CATALOG=1234567890123
${entries([
  [1, 0xa0, 4350],
  [1, 0xa2, 200],
  [1, 1, 0],
  [2, 0xa0, 4350],
  [2, 0xa2, 11_800],
  [2, 2, 11_600],
])}[TRACK 1]
MODE=1
INDEX 1=0
[TRACK 2]
MODE=0
ISRC=USRC17607839
INDEX 0=0
INDEX 1=150
INDEX 2=160
[CDText]
Entries=1
Entry 0=80 00 00 00 41 6c 62 75 6d 00 53 6f 6e 67 00 00
`,
};

function entries(points: readonly (readonly [session: number, point: number, block: number])[]): string {
  return points
    .map(
      ([session, point, block], i) =>
        `[Entry ${i}]\nSession=${session}\nPoint=0x${point.toString(16)}\nADR=0x01\nControl=0x04\nPSec=32\nPLBA=${block}\n`,
    )
    .join('');
}

/** Files beside each sheet. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  'made.cue': ['a.bin', 'b.wav', 'c.bin'],
  'sound.cue': ['b.wav', 'd.wav'],
  'made.toc': ['a.bin', 'b.wav'],
  'made.gdi': ['a.bin', 'my track 04.raw'],
  'made.ccd': ['made.img', 'made.sub'],
};

export function makeSheets(): StoredImage[] {
  return Object.entries(SHEETS).map(([name, text]) => {
    const names = [name, ...FILES[name]!];
    const parts = [Buffer.from(text), ...FILES[name]!.map(makeFile)];
    let start = 0;
    const files = parts.map(({ length }, i): StoredFile => {
      start += length;
      return { name: names[i]!, start: start - length, size: length };
    });
    return { ...storeImage(name, Buffer.concat(parts)), files };
  });
}

/** Sectors of data and sound, or of sound with the header of a WAVE file. */
function makeFile(name: string): Buffer {
  const bytes = Buffer.alloc(SECTORS * SECTOR, 0x5a);
  for (let i = 0; i < DATA_SECTORS; i += 1) {
    SYNC.copy(bytes, i * SECTOR);
    bytes.set([0, 2 + Math.floor(i / 75), ((i % 75) / 10) * 16 + (i % 10), 1 + (i % 2)], i * SECTOR + 12);
  }
  if (!name.toLowerCase().endsWith('.wav')) return bytes;
  bytes.write(
    'RIFF....WAVEfmt \x10\0\0\0\x01\0\x02\0\x44\xac\0\0\x10\xb1\x02\0\x04\0\x10\0data',
    0,
    'latin1',
  );
  bytes.writeUInt32LE(bytes.length - 44, 40);
  return bytes;
}
