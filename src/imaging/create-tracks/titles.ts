// Titles and performers in packs of CD-TEXT (MMC-3 Annex J), of the first language, where its characters are those of
// ISO 8859-1.

/** By track; 0 is the disc. */
export type Titles = ReadonlyMap<number, { readonly title?: string; readonly performer?: string }>;

const PACK = 18;
const KINDS = [
  [0x80, 'title'],
  [0x81, 'performer'],
] as const;
const SIZES = 0x8f;
const TEXT_OFFSET = 4;
const TEXT_LENGTH = 12;
const LATIN_1 = 0;
const MAX_TRACK = 99;
/** Block number and double-byte flag, in the fourth byte. */
const NOT_FIRST = 0xf0;
/** A text that is this alone is that of the track before. */
const SAME = '\t';

export function readTitles(packs: Uint8Array): Titles {
  const all = Array.from({ length: Math.floor(packs.length / PACK) }, (_, i) =>
    Buffer.from(packs.subarray(i * PACK, (i + 1) * PACK)),
  ).filter((pack) => (pack[3]! & NOT_FIRST) === 0);
  const charset = all.find((pack) => pack[0] === SIZES && pack[1] === 0)?.[TEXT_OFFSET];
  const titles = new Map<number, { title?: string; performer?: string }>();
  if ((charset ?? LATIN_1) !== LATIN_1) return titles;
  for (const [kind, name] of KINDS) {
    const own = all.filter((pack) => pack[0] === kind);
    const bytes = own.map((pack) => pack.subarray(TEXT_OFFSET, TEXT_OFFSET + TEXT_LENGTH));
    let before = '';
    for (const [i, said] of Buffer.concat(bytes).toString('latin1').split('\0').entries()) {
      const track = (own[0]?.[1] ?? 0) + i;
      const text = said === SAME ? before : said;
      if (text !== '' && track <= MAX_TRACK) titles.set(track, { ...titles.get(track), [name]: text });
      before = text;
    }
  }
  return titles;
}
