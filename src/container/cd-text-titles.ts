// Titles and performers in packs of CD-TEXT (MMC-3 Annex J), for images that hold them so: those of the first language.
import { createCharsetDecoder } from '../base/charset-decoder.js';

const PACK_BYTES = 18;
const TEXT_OFFSET = 4;
const TEXT_END = 16;
/** Kinds of packs: titles, performers, and the sizes of all, whose first says the charset. */
const KINDS = { title: 0x80, performer: 0x81 } as const;
const SIZES = 0x8f;
/** Bits of the fourth byte: two bytes a character, and the number of the language. */
const WIDE = 0x80;
const LANGUAGE = 0x70;
const CHARSETS: Readonly<Record<number, string>> = { 0x80: 'shift_jis', 0x81: 'euc-kr', 0x82: 'gb18030' };
/** Stands for the text of the track before. */
const SAME = '\t';

export interface DiscTexts {
  readonly title?: string;
  readonly performer?: string;
}

/** By the numbers of tracks; 0 is the disc. */
export function readCdTextTitles(packs: Uint8Array): ReadonlyMap<number, DiscTexts> {
  const all: Uint8Array[] = [];
  for (let at = 0; at + PACK_BYTES <= packs.length; at += PACK_BYTES)
    all.push(packs.subarray(at, at + PACK_BYTES));
  const own = all.filter((pack) => (pack[3]! & LANGUAGE) === 0);
  const sizes = own.find((pack) => pack[0] === SIZES);
  const decoder = createCharsetDecoder(CHARSETS[sizes?.[TEXT_OFFSET] ?? 0] ?? 'windows-1252');
  const result = new Map<number, { title?: string; performer?: string }>();
  for (const [field, kind] of Object.entries(KINDS) as ['title' | 'performer', number][]) {
    const ofKind = own.filter((pack) => pack[0] === kind);
    const [first] = ofKind;
    if (first === undefined) continue;
    const bytes = Buffer.concat(ofKind.map((pack) => pack.subarray(TEXT_OFFSET, TEXT_END)));
    let previous = '';
    for (const [i, part] of splitTexts(bytes, (first[3]! & WIDE) !== 0).entries()) {
      const text = decoder.decode(part);
      if (text !== SAME && text !== SAME + SAME) previous = text;
      if (previous === '' || text === '') continue;
      const track = first[1]! + i;
      result.set(track, { ...result.get(track), [field]: previous });
    }
  }
  return result;
}

/** Each text ends in a zero of one character. */
function splitTexts(bytes: Uint8Array, isWide: boolean): Uint8Array[] {
  const step = isWide ? 2 : 1;
  const texts: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at + step <= bytes.length; at += step) {
    if (bytes[at] !== 0 || (isWide && bytes[at + 1] !== 0)) continue;
    texts.push(bytes.subarray(start, at));
    start = at + step;
  }
  return texts;
}
