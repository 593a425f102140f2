// What tells files that are no disc image here: their marks, what they are called, and what to do with them.

export interface Signature {
  /** With its article. */
  readonly title: string;
  /** Byte offset in the file; negative counts from its end. */
  readonly offset: number;
  /** Bytes as latin-1. */
  readonly magic: string;
  /** What its user may do, as a sentence. */
  readonly action: string;
}

type Row = readonly [title: string, offset: number, magic: string];

const UNPACK = 'Unpack it first, and mount the image that is in it';
const CONVERT =
  'Convert it to a plain .iso first, with the program that made it or one that knows the format';
const ENCRYPTED =
  'Open the .mdf beside it, which may be plain, or convert it to a plain .iso with DAEMON Tools';
const QEMU = 'Convert it with qemu-img convert -O raw, or use a program for hard disk images';
const MOUNT = 'It is no optical disc: mount it with mount -o loop';
const CONSOLE =
  'It is a disc of a games console, whose file system is not read here: use a program for its games';
const NO_IMAGE = 'Check the path: the image is another file';
const WHOLE = 'Fetch the image itself: this is what a server or a program gave in its place';

const GROUPS: readonly (readonly [action: string, rows: readonly Row[]])[] = [
  [
    UNPACK,
    [
      ['a bzip2 file', 0, 'BZh'],
      ['an lz4 file', 0, '\x04\x22\x4d\x18'],
      ['an lzip file', 0, 'LZIP'],
      ['a zip archive', 0, 'PK\x03\x04'],
      ['a 7-Zip archive', 0, '7z\xbc\xaf\x27\x1c'],
      ['a RAR archive', 0, 'Rar!\x1a\x07'],
      ['a cabinet file', 0, 'MSCF\0\0\0\0'],
      ['a StuffIt archive', 0, 'StuffIt '],
      ['a StuffIt archive', 0, 'SIT!'],
      ['a cpio archive', 0, '070701'],
      ['an ar archive or Debian package', 0, '!<arch>\n'],
      ['an RPM package', 0, '\xed\xab\xee\xdb'],
      ['a tar archive', 257, 'ustar'],
    ],
  ],
  [ENCRYPTED, [['an encrypted image of DAEMON Tools (MDX, or MDS of version 2)', 0, 'MEDIA DESCRIPTOR\x02']]],
  [
    CONVERT,
    [
      ['an image with raw sectors of 2352 bytes', 0, `\0${'\xff'.repeat(10)}\0`],
      ['a compressed image (ISZ)', 0, 'IsZ!'],
      ['a compressed image (DAA)', 0, 'DAA\0'],
      ['a compressed image (UIF)', -64, 'bbis'],
      ['a compressed image (CHD)', 0, 'MComprHD'],
      ['an image of a GameCube or Wii disc (CISO)', 0, 'CISO'],
      ['a compressed image of a GameCube or Wii disc (RVZ)', 0, 'RVZ\x01'],
      ['a compressed image of a GameCube or Wii disc (WIA)', 0, 'WIA\x01'],
      ['an image of a Wii disc (WBFS)', 0, 'WBFS'],
      ['a compressed image of a Wii U disc (WUX)', 0, 'WUX0'],
      ['an error-code-less image (ECM)', 0, 'ECM\0'],
      ['an encrypted Apple disk image (DMG)', 0, 'encrcdsa'],
      ['an Apple disk image (DMG)', -512, 'koly'],
      ['a sparse Apple disk image', 0, 'sprs'],
      ['an image of Aaru', 0, 'AARUFRMT'],
      ['an image of Aaru', 0, 'DICMFRMT'],
      ['an EnCase image (E01)', 0, 'EVF\x09\x0d\x0a\xff\0'],
      ['an EnCase image (Ex01)', 0, 'EVF2\x0d\x0a\x81\0'],
      ['an image of a PlayStation game for the PSP (PBP)', 0, '\0PBP'],
    ],
  ],
  [
    QEMU,
    [
      ['a QEMU image (QCOW2)', 0, 'QFI\xfb'],
      ['a QEMU image (QED)', 0, 'QED\0'],
      ['a VMware image (VMDK)', 0, 'KDMV'],
      ['a VMware image (VMDK)', 0, 'COWD'],
      ['a description of a VMware image (VMDK)', 0, '# Disk DescriptorFile'],
      ['a VirtualBox image (VDI)', 64, '\x7f\x10\xda\xbe'],
      ['a Hyper-V image (VHDX)', 0, 'vhdxfile'],
      ['a Virtual PC image (VHD)', 0, 'conectix'],
      ['a Virtual PC image (VHD)', -512, 'conectix'],
      ['a Parallels image', 0, 'WithoutFreeSpace'],
      ['a Parallels image', 0, 'WithouFreSpacExt'],
    ],
  ],
  [
    CONSOLE,
    [
      ['a GameCube disc', 0x1c, '\xc2\x33\x9f\x3d'],
      ['a Wii disc', 0x18, '\x5d\x1c\x9e\xa3'],
    ],
  ],
  [
    MOUNT,
    [
      ['an ext2, ext3 or ext4 file system', 1080, '\x53\xef'],
      ['a SquashFS file system', 0, 'hsqs'],
      ['a Btrfs file system', 0x1_0040, '_BHRfS_M'],
      ['an XFS file system', 0, 'XFSB'],
      ['a JFS file system', 0x8000, 'JFS1'],
      ['a ReiserFS file system', 0x1_0034, 'ReIsEr'],
      ['an F2FS file system', 1024, '\x10\x20\xf5\xf2'],
      ['an EROFS file system', 1024, '\xe2\xe1\xf5\xe0'],
      ['a cramfs file system', 0, '\x45\x3d\xcd\x28'],
      ['a romfs file system', 0, '-rom1fs-'],
      ['an NTFS file system', 3, 'NTFS    '],
      ['an exFAT file system', 3, 'EXFAT   '],
      ['a ReFS file system', 3, 'ReFS\0'],
      ['an APFS container', 32, 'NXSB'],
      ['an encrypted volume (BitLocker)', 3, '-FVE-FS-'],
      ['an encrypted volume (LUKS)', 0, 'LUKS\xba\xbe'],
      ['a physical volume of LVM', 512, 'LABELONE'],
      ['swap space of Linux', 4086, 'SWAPSPACE2'],
    ],
  ],
  [
    'It is a volume of the first Macs, which is not read here: use an emulator of them',
    [['an MFS volume', 1024, '\xd2\xd7']],
  ],
  ['Use wimlib-imagex or DISM', [['a Windows image (WIM)', 0, 'MSWIM\0\0\0']]],
  [WHOLE, [['a pointer of Git LFS', 0, 'version https://git-lfs.github.com/spec/']]],
  [
    NO_IMAGE,
    [
      ['an ELF program', 0, '\x7fELF'],
      ['a Windows program', 0, 'MZ'],
      ['a PDF document', 0, '%PDF-'],
      ['an AppleDouble file', 0, '\0\x05\x16\x07'],
      ['a Microsoft Office or installer file', 0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
      ['a PNG picture', 0, '\x89PNG\r\n\x1a\n'],
      ['a JPEG picture', 0, '\xff\xd8\xff'],
    ],
  ],
  [CONVERT, [['a boot sector with something unknown behind it', 510, '\x55\xaa']]],
];

export const SIGNATURES: readonly Signature[] = GROUPS.flatMap(([action, rows]) =>
  rows.map(([title, offset, magic]) => ({ title, offset, magic, action })),
);

/** Text, by what it starts with. */
export const TEXTS: readonly { readonly title: string; readonly pattern: RegExp; readonly action: string }[] =
  [
    { title: 'a web page', pattern: /^\s*(<!--.*?-->\s*)?<(!doctype html|html|head)\b/is, action: WHOLE },
    {
      title: 'a torrent file',
      pattern: /^d\d+:(announce|comment|created|encoding|info|nodes)/,
      action: WHOLE,
    },
    { title: 'a Metalink file', pattern: /^\s*<\?xml.*?<metalink\b/is, action: WHOLE },
    { title: 'an XML file', pattern: /^\s*<\?xml\b/, action: NO_IMAGE },
  ];
export const PLAIN_TEXT = { title: 'a text file', action: NO_IMAGE } as const;
/** Whole sectors, none of which is one of data. */
export const SOUND = {
  title: 'a file with sectors of 2352 bytes that hold no data, as those of sound',
  action: 'Open the sheet that belongs to it (.cue, .toc, .ccd, .mds): it says what the sectors are',
} as const;
/** Nothing is in the file, or where it was looked at. */
export const NOTHING = 'Fetch the image again: it was not written, or its download has only begun';
