// The text of a list of checksums, in whatever encoding it was written: as Latin-1, one character a byte of UTF-8, so
// that names which are not UTF-8 stay what they are. Pure.

const UTF16_LITTLE = 0xfeff;
const UTF16_BIG = 0xfffe;
const UTF8_MARK = '\xef\xbb\xbf';
/** RFC 9580 7: the text that a clear signature is about stands between these. */
const SIGNED_START = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNED_END = '-----BEGIN PGP SIGNATURE-----';

/** Without byte order marks; UTF-16, as PowerShell's ">" writes it, becomes UTF-8. */
export function decodeList(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const order = utf16Order(buffer);
  if (order === undefined) return buffer.toString('latin1').replaceAll(UTF8_MARK, '');
  const even = buffer.subarray(0, buffer.length - (buffer.length % 2));
  const text = (order === UTF16_LITTLE ? even : Buffer.from(even).swap16()).toString('utf16le');
  return Buffer.from(text.replaceAll('\ufeff', '')).toString('latin1');
}

/** By the mark, or, without one, by the zeros beside two letters. */
function utf16Order(buffer: Buffer): number | undefined {
  if (buffer.length < 2) return undefined;
  const mark = buffer.readUInt16LE(0);
  if (mark === UTF16_LITTLE || mark === UTF16_BIG) return mark;
  if (buffer.length < 4) return undefined;
  const [first, second, third, fourth] = buffer;
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return UTF16_LITTLE;
  return first === 0 && second !== 0 && third === 0 && fourth !== 0 ? UTF16_BIG : undefined;
}

/** Whether the whole list is one clear-signed message. */
export function isClearSigned(text: string): boolean {
  return text.startsWith(SIGNED_START);
}

/** What of a clear-signed message is signed; all of another text. */
export function signedPart(text: string): string {
  if (!isClearSigned(text)) return text;
  // A blank line ends the armor headers.
  const start = text.search(/\r?\n\r?\n/);
  const end = text.indexOf(`\n${SIGNED_END}`);
  return start < 0 || end < start ? '' : text.slice(start, end).replaceAll(/^- /gm, '');
}
