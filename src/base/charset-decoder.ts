// Decoders by the labels of the WHATWG Encoding Standard. Node takes most of them from ICU, whose tables differ from
// the standard's in some charsets, and decodes windows-1252 as Latin-1; what it gets wrong is corrected here.
import { TextDecoder } from 'node:util';

export interface CharsetDecoder {
  decode(bytes: Uint8Array): string;
}

/** Windows-1252, bytes 0x80 to 0x9f. */
const WINDOWS_1252 = [
  ...[0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021],
  ...[0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f],
  ...[0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014],
  ...[0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178],
];

/** Bytes of charsets of one byte a character that Node (20 to 24) decodes otherwise than the standard says. */
const CORRECTIONS: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  'windows-1252': WINDOWS_1252.map((code, i) => [0x80 + i, code] as const),
  'windows-1255': [[0xca, 0x5ba]],
  'koi8-u': [
    [0xae, 0x45e],
    [0xbe, 0x40e],
  ],
};

/** Throws RangeError for a label that is not known. */
export function createCharsetDecoder(label: string): CharsetDecoder {
  const decoder = new TextDecoder(label);
  const { encoding } = decoder;
  const corrections = CORRECTIONS[encoding];
  if (corrections !== undefined) return new CorrectedDecoder(decoder, new Map(corrections));
  if (encoding === 'euc-kr') return new KoreanDecoder(decoder);
  // The standard has one decoder for both, and ICU's for gbk knows less.
  return encoding === 'gbk' ? new TextDecoder('gb18030') : decoder;
}

class CorrectedDecoder implements CharsetDecoder {
  readonly #decoder: TextDecoder;
  readonly #corrections: ReadonlyMap<number, number>;

  constructor(decoder: TextDecoder, corrections: ReadonlyMap<number, number>) {
    this.#decoder = decoder;
    this.#corrections = corrections;
  }

  decode(bytes: Uint8Array): string {
    const units = Uint16Array.from(bytes, (byte) => this.#corrections.get(byte) ?? 0);
    const text = this.#decoder.decode(bytes);
    let result = '';
    for (let i = 0; i < text.length; i += 1) {
      result += units[i] === 0 ? text[i]! : String.fromCharCode(units[i]!);
    }
    return result;
  }
}

const HANGUL = { first: 0xac00, last: 0xd7a3 } as const;
/** Second bytes of the codes that Windows adds to KS X 1001, and those of them beside first bytes from 0xa1 on. */
const ALL_SECONDS = [...range(0x41, 0x5a), ...range(0x61, 0x7a), ...range(0x81, 0xfe)];
const LOW_SECONDS = ALL_SECONDS.filter((byte) => byte <= 0xa0);

/** Two signs that KS X 1001 got later. */
const LATER_SIGNS = [[0xa2e6, '\u20ac'] as const, [0xa2e7, '\xae'] as const];

/** EUC-KR of the standard is windows-949: ICU has KS X 1001 only, and takes the other 8822 syllables for two bytes. */
class KoreanDecoder implements CharsetDecoder {
  readonly #decoder: TextDecoder;
  #added: ReadonlyMap<number, string> | undefined;

  constructor(decoder: TextDecoder) {
    this.#decoder = decoder;
  }

  decode(bytes: Uint8Array): string {
    this.#added ??= this.#listAdded();
    let text = '';
    let start = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      if (bytes[at]! < 0x81 || at + 1 >= bytes.length) continue;
      const added = this.#added.get((bytes[at]! << 8) | bytes[at + 1]!);
      if (added !== undefined) {
        text += this.#decoder.decode(bytes.subarray(start, at)) + added;
        start = at + 2;
      }
      at += 1;
    }
    return text + this.#decoder.decode(bytes.subarray(start));
  }

  /** The codes stand for the syllables that KS X 1001 lacks, both in ascending order. */
  #listAdded(): Map<number, string> {
    const known = new Set<string>();
    for (const first of range(0xb0, 0xc8)) {
      for (const second of range(0xa1, 0xfe)) known.add(this.#decoder.decode(Uint8Array.of(first, second)));
    }
    const added = new Map<number, string>(LATER_SIGNS);
    let syllable: number = HANGUL.first;
    for (const first of range(0x81, 0xc6)) {
      for (const second of first < 0xa1 ? ALL_SECONDS : LOW_SECONDS) {
        while (known.has(String.fromCharCode(syllable))) syllable += 1;
        if (syllable > HANGUL.last) return added;
        added.set((first << 8) | second, String.fromCharCode(syllable));
        syllable += 1;
      }
    }
    return added;
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
