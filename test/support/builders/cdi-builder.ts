// Writes images of DiscJuggler of each version.
import type { ModelDisc, PlacedTrack, StoredAs } from './disc-model.js';
import { RAW, storePause, storeSectors } from './disc-model.js';

export interface CdiShape {
  readonly version?: 2 | 3 | 4;
  readonly stored?: (track: PlacedTrack) => StoredAs;
  /** 0x98: a CD; 0x38: a DVD. */
  readonly medium?: number;
  readonly cdText?: Buffer;
  /** Name of the file that the image was made of. */
  readonly fileName?: Buffer;
  /** Strings of CD-TEXT of each track. */
  readonly texts?: readonly string[];
  /** Sectors that are left out at the end of a track. */
  readonly cut?: (track: PlacedTrack) => number;
  /** Bytes between the sessions and what follows them. */
  readonly junk?: Buffer;
  /** The place of the descriptor is counted as other programs do. */
  readonly countsOtherwise?: boolean;
  readonly withoutDiscBlock?: boolean;
}

const VERSIONS = { 2: 0x8000_0004, 3: 0x8000_0005, 4: 0x8000_0006 } as const;
const MARK = Buffer.from('00000100' + '0000ffffffff', 'hex');
const MODES = { audio: 0, mode1: 1, xa: 2 } as const;

export function buildCdi(disc: ModelDisc, shape: CdiShape = {}): Buffer {
  const { version = 4, stored = () => RAW, cut = () => 0 } = shape;
  const sectors = disc.tracks.map((track) => {
    const form = stored(track);
    const body = storeSectors(track, track.start, form);
    const kept = body.length - cut(track) * (form.bytes + form.subchannel);
    return Buffer.concat([storePause(track, track.pregap, form), body.subarray(0, kept)]);
  });
  const data = Buffer.concat(sectors);
  const sessions = Array.from({ length: disc.sessions }, (_, i) => {
    const own = disc.tracks.filter((track) => track.session === i + 1);
    const type = own.some(({ mode }) => mode === 'xa') ? 2 : own.some(({ mode }) => mode !== 'audio') ? 1 : 0;
    const end = Buffer.alloc(version === 2 ? 12 : 13);
    end[0] = type;
    return Buffer.concat([
      uint16(own.length),
      ...own.map((track) => trackBlock(track, disc, shape, stored(track), cut(track))),
      end,
    ]);
  });
  const descriptor = Buffer.concat([
    uint16(disc.sessions),
    ...sessions,
    shape.junk ?? Buffer.alloc(0),
    ...(shape.withoutDiscBlock === true ? [] : [discBlock(disc, shape)]),
  ]);
  const isLength = (version === 4) !== (shape.countsOtherwise === true);
  const place = uint32(isLength ? descriptor.length + 8 : data.length);
  return Buffer.concat([data, descriptor, uint32(VERSIONS[version]), place]);
}

function head(
  disc: ModelDisc,
  { version = 4, medium = 0x98, fileName = Buffer.from('D:\\disc.cdi') }: CdiShape,
): Buffer {
  const capacity =
    version === 4 ? [uint32(0x8000_0000), uint32(359_849), uint16(0), uint16(medium)] : [uint32(0)];
  return Buffer.concat([
    uint32(0),
    MARK,
    MARK,
    Buffer.from([0, 0, 0, disc.tracks.length, fileName.length]),
    fileName,
    Buffer.alloc(19),
    ...capacity,
  ]);
}

function trackBlock(
  track: PlacedTrack,
  disc: ModelDisc,
  shape: CdiShape,
  { bytes, subchannel }: StoredAs,
  cut: number,
): Buffer {
  const pause = track.pregap;
  const lengths = track.index2 === undefined ? [track.length] : [track.index2, track.length - track.index2];
  const texts = shape.texts === undefined ? [] : shape.texts.map((text) => Buffer.from(text, 'latin1'));
  const isrc = Buffer.alloc(12);
  isrc.write(track.isrc ?? '', 'latin1');
  const readMode = { 2048: 0, 2336: 1, 2352: subchannel === 96 ? 4 : subchannel === 16 ? 3 : 2 }[bytes];
  return Buffer.concat([
    head(disc, shape),
    uint16(1 + lengths.length),
    ...[pause, ...lengths].map(uint32),
    uint32(texts.length === 0 ? 0 : 1),
    ...texts.flatMap((text) => [Buffer.from([text.length]), text]),
    Buffer.alloc(2),
    uint32(MODES[track.mode]),
    uint32(0),
    ...[track.session - 1, track.number - 1].map(uint32),
    uint32(track.start - pause + 150),
    uint32(pause + track.length - cut),
    Buffer.alloc(16),
    uint32(readMode),
    uint32(track.mode === 'audio' ? 2 : 4),
    Buffer.alloc(9),
    isrc,
    uint32(track.isrc === undefined ? 0 : 1),
    ...(shape.version === 2 ? [] : [Buffer.alloc(5), uint32(0xffff_ffff), Buffer.alloc(78)]),
  ]);
}

function discBlock(disc: ModelDisc, shape: CdiShape): Buffer {
  const { cdText = Buffer.alloc(0) } = shape;
  const last = disc.tracks.at(-1)!;
  return Buffer.concat([
    uint16(0),
    head(disc, shape),
    uint32(last.start + last.length),
    Buffer.from([4]),
    Buffer.from('DISC'),
    Buffer.alloc(9),
    Buffer.from(disc.catalog, 'latin1'),
    uint32(1),
    uint32(cdText.length),
    cdText,
    Buffer.alloc(8),
  ]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
