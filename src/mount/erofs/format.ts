// The on-disk format of EROFS, as far as the writer needs it: names and numbers of the kernel's own description
// (Documentation/filesystems/erofs.rst, fs/erofs/erofs_fs.h). All numbers on the disk are little-endian.

/** Byte offset of the superblock, and its size. */
export const SUPERBLOCK_OFFSET = 1024;
export const SUPERBLOCK_BYTES = 128;
export const SUPERBLOCK_MAGIC = 0xe0f5_e1e2;

/** Byte offsets within the superblock. */
export const SUPERBLOCK = {
  magic: 0,
  blockBits: 12,
  rootNode: 14,
  inodeCount: 16,
  blocks: 36,
  metadataBlock: 40,
  attributesBlock: 44,
  volumeName: 64,
  incompatible: 80,
  extraDevices: 86,
  deviceSlot: 88,
} as const;
export const VOLUME_NAME_BYTES = 16;

/** Features that a kernel must know to mount. */
export const INCOMPATIBLE = { chunkedFile: 0x04, deviceTable: 0x08 } as const;

/** Device slots follow the superblock, which gives the place of the first in units of their size. */
export const DEVICE_SLOT_BYTES = 128;
export const DEVICE_SLOT_OFFSET = SUPERBLOCK_OFFSET + SUPERBLOCK_BYTES;
export const DEVICE_SLOT = { blocks: 64, unifiedAddress: 68 } as const;
/** Number of the first extra device, the first file of the image. */
export const FIRST_DEVICE = 1;

/** A node's number is its byte offset in units of this. */
export const NODE_UNIT = 32;
/** An extended inode: 64-bit size, 32-bit owner, a time with nanoseconds. */
export const INODE_BYTES = 64;
/** Byte offsets within an extended inode. */
export const INODE = {
  format: 0,
  attributeCount: 2,
  mode: 4,
  size: 8,
  /** First block, device number or chunk format, as the layout and type say. */
  data: 16,
  serial: 20,
  userId: 24,
  groupId: 28,
  seconds: 32,
  nanoseconds: 40,
  links: 44,
} as const;
const EXTENDED = 1;
/** Values of the format field: bit 0 extended, bits 1 to 3 where the data is. */
export const LAYOUT = {
  /** One run of blocks. */
  plain: EXTENDED,
  /** The data follows the inode, within the same block. */
  inline: EXTENDED | (2 << 1),
  /** Chunks of equal size, each with an index entry after the inode. */
  chunked: EXTENDED | (4 << 1),
} as const;

/** Chunk format: the chunk's size as a power of two of blocks, and this bit for 8-byte index entries. */
export const CHUNK_INDEXES = 0x20;
export const CHUNK_INDEX_BYTES = 8;
/** Byte offsets within an index entry. */
export const CHUNK_INDEX = { device: 2, block: 4 } as const;
/** Block address of a chunk of zeros. */
export const NO_BLOCK = 0xffff_ffff;

export const DIRENT_BYTES = 12;

/** Extended attributes of a node: this header, 4-byte numbers of shared entries, then entries of its own. */
export const ATTRIBUTES_HEADER_BYTES = 12;
export const ATTRIBUTE_ENTRY_BYTES = 4;
/** Prefixes that stand as a number before the rest of a name. */
export const ATTRIBUTE_PREFIXES: readonly (readonly [prefix: string, index: number])[] = [
  ['user.', 1],
  ['system.posix_acl_access', 2],
  ['system.posix_acl_default', 3],
  ['trusted.', 4],
  ['security.', 6],
];
