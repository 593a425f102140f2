// Names what a file is that no container format takes: a message that says "is a gzip file" helps more than "unknown".
import { readAtMost } from '../source/read-fully.js';
import type { ByteSource } from '../source/byte-source.js';
import { RAW_SECTOR_SIZE } from '../disc/sector-parity.js';
import { NOTHING, PLAIN_TEXT, SIGNATURES, SOUND, TEXTS } from './foreign-signatures.js';

/** Bytes looked at: the last mark from the start lies within 68 KiB, the last one from the end within 512 bytes. */
const HEAD_BYTES = 68 * 1024;
const TAIL_BYTES = 512;
/** Bytes of text that are looked at. */
const TEXT_BYTES = 2048;
/** ECMA-119 6.2.1: sectors 0 to 15. */
const SYSTEM_AREA_BYTES = 32_768;
/** Where else it is looked for anything but zeros, and how many bytes of each place. */
const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

export interface ForeignFormat {
  /** With its article: "a gzip file". */
  readonly title: string;
  /** What to do, as a sentence. */
  readonly action: string;
}

/** What the file is, or undefined where nothing tells. Rejects as ByteSource.read does. */
export async function nameForeignFormat(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<ForeignFormat | undefined> {
  if (source.size === 0) return { title: 'an empty file', action: NOTHING };
  const head = await readAtMost(source, 0, HEAD_BYTES, signal);
  const tailStart = Math.max(0, source.size - TAIL_BYTES);
  const tail = await readAtMost(source, tailStart, TAIL_BYTES, signal);
  const signature = SIGNATURES.find(({ offset, magic }) => {
    const start = offset < 0 ? source.size + offset - tailStart : offset;
    const bytes = offset < 0 ? tail : head;
    return start >= 0 && startsWith(bytes, start, magic);
  });
  return signature ?? nameText(head) ?? (await nameZeros(source, head, signal)) ?? nameSound(source);
}

function startsWith(bytes: Uint8Array, start: number, magic: string): boolean {
  return Buffer.from(bytes.subarray(start, start + magic.length)).toString('latin1') === magic;
}

function nameText(head: Uint8Array): ForeignFormat | undefined {
  const text = Buffer.from(head.subarray(0, TEXT_BYTES))
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '');
  return TEXTS.find(({ pattern }) => pattern.test(text)) ?? (isText(text) ? PLAIN_TEXT : undefined);
}

/** Printable ASCII and line ends in lines of ordinary length, and nothing else. */
function isText(text: string): boolean {
  return /^[\t\n\r\x20-\x7e]+$/.test(text) && text.split('\n').every((line) => line.length < TEXT_BYTES);
}

/** Sectors of sound have nothing that tells them from other bytes but what they are kept in. */
function nameSound({ name, size }: ByteSource): ForeignFormat | undefined {
  return /\.(bin|img|raw|cdr|mdf)$/i.test(name) && size % RAW_SECTOR_SIZE === 0 ? SOUND : undefined;
}

async function nameZeros(
  source: ByteSource,
  head: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<ForeignFormat | undefined> {
  const isZero = (byte: number): boolean => byte === 0;
  // The system area of a disc may be all zeros: an image that ends in it is cut off.
  if (!head.every(isZero) || (source.size > TEXT_BYTES && source.size <= SYSTEM_AREA_BYTES)) return undefined;
  if (source.size <= head.length) return { title: 'nothing but zeros', action: NOTHING };
  for (let i = 1; i <= SAMPLES; i += 1) {
    const at = Math.floor(((source.size - SAMPLE_BYTES) * i) / SAMPLES);
    if (!(await readAtMost(source, at, SAMPLE_BYTES, signal)).every(isZero)) return undefined;
  }
  return { title: 'nothing but zeros, wherever it was looked at', action: NOTHING };
}
