// The text of a sheet that describes an image: bounded, and read without knowing its charset, which nothing tells.
// Keywords and quotes are ASCII in every charset that is met; texts are decoded when they are used.
import { isUtf8 } from 'node:buffer';
import { decodePath } from '../../base/path-text.js';
import { createCharsetDecoder } from '../../base/charset-decoder.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readIfPossible } from '../../source/read-fully.js';

/** A sheet of 99 tracks with all texts of CD-TEXT has some 50 KB. */
export const MAX_SHEET_BYTES = 1_048_576;
/** Bytes that tell text from other files. */
const HEAD_BYTES = 4096;
const UTF16_MARKS = [
  [0xff, 0xfe, 'utf-16le'],
  [0xfe, 0xff, 'utf-16be'],
] as const;
const UTF8_MARK = '\xef\xbb\xbf';

export class SheetText {
  /** Path of the sheet, for messages. */
  readonly name: string;
  /** A character a byte, without blanks around. */
  readonly lines: readonly string[];
  readonly #decode: (bytes: Uint8Array) => string;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    const text = Buffer.from(bytes).toString('latin1');
    const start = text.startsWith(UTF8_MARK) ? UTF8_MARK.length : 0;
    this.lines = text
      .slice(start)
      .split(/\r\n|\n|\r/)
      .map(trimBlanks);
    this.#decode = chooseDecoder(bytes);
  }

  /** What a part of a line says. */
  text(part: string): string {
    return this.#decode(Buffer.from(part, 'latin1'));
  }

  /** What a file may be called that is named so: by its text, or by its very bytes. */
  fileNames(part: string): readonly string[] {
    return [...new Set([this.text(part), decodePath(Buffer.from(part, 'latin1'))])];
  }
}

/** Without the blanks around; a pattern would take a time that grows by the square of those within. */
export function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x1a || code === 0;
}

/** Undefined for what is no text, or too long for a sheet. Rejects as ByteSource.read does, but for bad places. */
export async function readSheetText(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<SheetText | undefined> {
  if (source.size === 0 || source.size > MAX_SHEET_BYTES) return undefined;
  const head = await readIfPossible(source, 0, HEAD_BYTES, signal);
  const mark = UTF16_MARKS.find(([first, second]) => head[0] === first && head[1] === second);
  if (mark === undefined && head.includes(0)) return undefined;
  const bytes = await readIfPossible(source, 0, MAX_SHEET_BYTES, signal);
  if (mark === undefined) return new SheetText(source.name, bytes);
  return new SheetText(source.name, Buffer.from(createCharsetDecoder(mark[2]).decode(bytes)));
}

/**
 * UTF-8 where the bytes are; otherwise Shift-JIS where they make sense in it, and Windows-1252, which takes any bytes.
 */
function chooseDecoder(bytes: Uint8Array): (bytes: Uint8Array) => string {
  if (isUtf8(bytes)) return (part) => Buffer.from(part).toString();
  const decoder = createCharsetDecoder(isShiftJis(bytes) ? 'shift_jis' : 'windows-1252');
  return (part) => decoder.decode(part);
}

/** Every pair is of the charset, and most begin as kana and common kanji do; Western texts hardly use those. */
function isShiftJis(bytes: Uint8Array): boolean {
  let [pairs, common] = [0, 0];
  for (let i = 0; i < bytes.length; i += 1) {
    const first = bytes[i]!;
    if (first < 0x80 || (first >= 0xa1 && first <= 0xdf)) continue;
    const second = bytes[i + 1] ?? 0;
    const isPair = second >= 0x40 && second <= 0xfc && second !== 0x7f;
    if (first === 0x80 || first === 0xa0 || first > 0xfc || !isPair) return false;
    pairs += 1;
    if (first <= 0x9f) common += 1;
    i += 1;
  }
  return pairs > 0 && common * 2 >= pairs;
}
