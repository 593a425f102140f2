// What files of tracks are called, and what else is known of a track.
import type { Disc } from '../../../disc/disc.js';
import type { TrackNaming } from '../../contract/file-tree.js';
import type { TrackSpan } from './track-spans.js';

/** Bytes of a name without its suffix. */
const MAX_STEM_BYTES = 200;
/** Characters of a text that becomes an attribute: those of CD-TEXT have 160 at most. */
const MAX_TEXT = 1024;

/** As "01.wav", or "01 - PERFORMER - TITLE [ISRC].wav" with what of it is known. */
export function nameTrack({ number, track }: TrackSpan, naming: TrackNaming, suffix: string): string {
  const digits = String(number).padStart(2, '0');
  if (naming === 'number' || number === 0) return digits + suffix;
  const texts = [digits, track.performer, track.title].filter((text) => text !== undefined && text !== '');
  const code = track.isrc === undefined ? '' : ` [${track.isrc}]`;
  return toFileName(texts.join(' - ') + code) + suffix;
}

/** A text of a disc as a name without suffix: nothing in it leads elsewhere or moves a cursor. */
export function toFileName(text: string): string {
  const safe = text.replace(/[\u0000-\u001f\u007f/\\]/g, '_');
  const bytes = Buffer.from(safe);
  if (bytes.length <= MAX_STEM_BYTES) return safe;
  return bytes
    .subarray(0, MAX_STEM_BYTES)
    .toString()
    .replace(/\ufffd+$/u, '');
}

/** Extended attributes of a track. */
export function describeTrack(
  { number, track }: TrackSpan,
  { title, performer, catalog }: Pick<Disc, 'title' | 'performer' | 'catalog'>,
): (readonly [string, Uint8Array])[] {
  const isHidden = number === 0;
  const texts: Record<string, string | undefined> = {
    'user.track': String(number),
    'user.title': isHidden ? undefined : track.title,
    'user.performer': isHidden ? undefined : track.performer,
    'user.isrc': isHidden ? undefined : track.isrc,
    'user.album': title,
    'user.album_performer': performer,
    'user.catalog': catalog,
    'user.preemphasis': track.preEmphasis === true ? '1' : undefined,
  };
  return Object.entries(texts).flatMap(([name, text]) =>
    text === undefined || text === ''
      ? []
      : [[name, new TextEncoder().encode(text.slice(0, MAX_TEXT))] as const],
  );
}
