// The identifiers of a volume descriptor, such as its label. Writers put UTF-8 into fields that should be ASCII, or the
// charset of their system; Joliet's descriptor beside it has the same ones right, but half as long.
import { isUtf8 } from 'node:buffer';
import type { NameCharset } from '../../base/name-charset.js';

const FIELDS = [
  ...(['systemId', 'volumeId', 'volumeSetId'] as const),
  ...(['publisherId', 'preparerId', 'applicationId'] as const),
];
export type IdentifierField = (typeof FIELDS)[number];

/** Text, trimmed. */
export type Identifiers = Readonly<Record<IdentifierField, string>>;

export interface DecodedIdentifiers extends Identifiers {
  /** Fields whose bytes are no UTF-8, shown as Latin-1 because no charset was named. */
  readonly unsure: ReadonlySet<string>;
}

/** UCS-2 characters of a Joliet field: its label has 16, the system's name too, the others 64. */
const JOLIET_LENGTH: Readonly<Record<IdentifierField, number>> = {
  ...{ systemId: 16, volumeId: 16, volumeSetId: 64 },
  ...{ publisherId: 64, preparerId: 64, applicationId: 64 },
};
/** Stands for what is no d-character in primary descriptors of many writers. */
const REPLACEMENT = '_';
const BLANK = 0x20;
/** Bytes of a UTF-8 character of which the last is missing, at most. */
const MAX_CUT = 3;

/** Decodes fields one after another and notes which are unsure. */
export class IdentifierDecoder {
  readonly unsure = new Set<string>();
  readonly #charset: NameCharset | undefined;

  constructor(charset: NameCharset | undefined) {
    this.#charset = charset;
  }

  decode(field: IdentifierField, bytes: Uint8Array): string {
    let end = bytes.length;
    while (end > 0 && (bytes[end - 1] === 0 || bytes[end - 1] === BLANK)) end -= 1;
    const text = Buffer.from(bytes.subarray(0, end));
    // A field that is full may end inside a character.
    const shortest = end === bytes.length ? end - MAX_CUT : end;
    for (let length = end; length >= Math.max(0, shortest); length -= 1) {
      if (isUtf8(text.subarray(0, length)) && (length === end || isCutThere(text, length))) {
        return text.toString('utf8', 0, length);
      }
    }
    if (this.#charset !== undefined) return Buffer.from(this.#charset.decodeAll(text)).toString();
    this.unsure.add(field);
    return text.toString('latin1');
  }
}

/** Whether the bytes from `at` on begin a character and are too few for it, behind others of more than one byte. */
function isCutThere(text: Buffer, at: number): boolean {
  const lead = text[at]!;
  const needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  const follow = text.subarray(at + 1).every((byte) => (byte & 0xc0) === 0x80);
  return needed > text.length - at && follow && text.subarray(0, at).some((byte) => byte >= 0x80);
}

/** Both descriptors' identifiers, each completed by the other. */
export function mergeIdentifiers(
  primary: DecodedIdentifiers,
  joliet: Identifiers,
): { readonly primary: Identifiers; readonly joliet: Identifiers } {
  const own = {} as Record<IdentifierField, string>;
  const second = {} as Record<IdentifierField, string>;
  for (const field of FIELDS) {
    const [first, other] = [primary[field], joliet[field]];
    const merged = mergeText(first, other, JOLIET_LENGTH[field]);
    own[field] = merged ?? (primary.unsure.has(field) || first === '' ? other || first : first);
    second[field] = merged ?? (other || first);
  }
  return { primary: own, joliet: second };
}

/** The whole of a text that one field has cut or replaced characters of; undefined where they are two texts. */
function mergeText(first: string, other: string, limit: number): string | undefined {
  if (first === '' || other === '') return undefined;
  const [left, right] = [Array.from(first), Array.from(other)];
  const common = Math.min(left.length, right.length);
  for (let i = 0; i < common; i += 1) {
    if (left[i] !== right[i] && left[i] !== REPLACEMENT) return undefined;
  }
  if (left.length === right.length) return other;
  // Of the longer one the rest counts, if the shorter one had no room for it.
  if (left.length > right.length) {
    return other.length >= limit - 1 ? other + left.slice(common).join('') : undefined;
  }
  return Buffer.byteLength(first) > 2 * limit - 1 - MAX_CUT ? other : undefined;
}
