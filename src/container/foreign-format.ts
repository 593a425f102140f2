// Names what a file is that no container format takes: a message that says "is a gzip file" helps more than "unknown".
import { readAtMost } from '../source/read-fully.js';
import type { ByteSource } from '../source/byte-source.js';

interface Signature {
  /** With its article. */
  readonly title: string;
  /** Byte offset in the file; negative counts from its end. */
  readonly offset: number;
  /** Bytes as latin-1. */
  readonly magic: string;
}

const SIGNATURES: readonly Signature[] = [
  { title: 'a gzip file', offset: 0, magic: '\x1f\x8b' },
  { title: 'an xz file', offset: 0, magic: '\xfd7zXZ\0' },
  { title: 'a bzip2 file', offset: 0, magic: 'BZh' },
  { title: 'a zstd file', offset: 0, magic: '\x28\xb5\x2f\xfd' },
  { title: 'an lz4 file', offset: 0, magic: '\x04\x22\x4d\x18' },
  { title: 'a zip archive', offset: 0, magic: 'PK\x03\x04' },
  { title: 'a 7-Zip archive', offset: 0, magic: '7z\xbc\xaf\x27\x1c' },
  { title: 'a RAR archive', offset: 0, magic: 'Rar!\x1a\x07' },
  { title: 'a tar archive', offset: 257, magic: 'ustar' },
  { title: 'an image with raw sectors of 2352 bytes', offset: 0, magic: `\0${'\xff'.repeat(10)}\0` },
  { title: 'a compressed image (CSO)', offset: 0, magic: 'CISO' },
  { title: 'a compressed image (ZSO)', offset: 0, magic: 'ZISO' },
  { title: 'a compressed image (ISZ)', offset: 0, magic: 'IsZ!' },
  { title: 'a compressed image (DAA)', offset: 0, magic: 'DAA\0' },
  { title: 'a compressed image (CHD)', offset: 0, magic: 'MComprHD' },
  { title: 'an error-code-less image (ECM)', offset: 0, magic: 'ECM\0' },
  { title: 'an image description (MDS)', offset: 0, magic: 'MEDIA DESCRIPTOR' },
  { title: 'a Nero image (NRG)', offset: -12, magic: 'NER5' },
  { title: 'a Nero image (NRG)', offset: -8, magic: 'NERO' },
  { title: 'an Apple disk image (DMG)', offset: -512, magic: 'koly' },
  { title: 'an ext2, ext3 or ext4 file system', offset: 1080, magic: '\x53\xef' },
  { title: 'a SquashFS file system', offset: 0, magic: 'hsqs' },
  { title: 'a QEMU image (QCOW2)', offset: 0, magic: 'QFI\xfb' },
  { title: 'a VMware image (VMDK)', offset: 0, magic: 'KDMV' },
  { title: 'a cue sheet', offset: 0, magic: 'FILE "' },
  { title: 'an ELF program', offset: 0, magic: '\x7fELF' },
  { title: 'a PDF document', offset: 0, magic: '%PDF-' },
  { title: 'an NTFS file system', offset: 3, magic: 'NTFS    ' },
  { title: 'an exFAT file system', offset: 3, magic: 'EXFAT   ' },
  { title: 'a boot sector with something unknown behind it', offset: 510, magic: '\x55\xaa' },
];

/** What the file is, with its article ("a gzip file"), or undefined. Rejects as ByteSource.read does. */
export async function nameForeignFormat(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const head = await readAtMost(source, 0, 2048, signal);
  const tailStart = Math.max(0, source.size - 512);
  const tail = await readAtMost(source, tailStart, 512, signal);
  if (head.every((byte) => byte === 0) && source.size <= head.length) return 'nothing but zeros';
  return SIGNATURES.find(({ offset, magic }) => {
    const bytes = offset < 0 ? tail : head;
    const start = offset < 0 ? source.size + offset - tailStart : offset;
    if (start < 0) return false;
    return Buffer.from(bytes.subarray(start, start + magic.length)).toString('latin1') === magic;
  })?.title;
}
