// Offsets in the keys and records of the HFS+ catalog (Apple TN1150, "Catalog File").

/** Keys, behind their length: parent's id, then a counted string of UTF-16 units. */
export const KEY = { parent: 0, nameLength: 4, name: 6 } as const;

export const RECORD_TYPE = { folder: 1, file: 2 } as const;

/** HFSPlusCatalogFolder. */
export const FOLDER_RECORD = { valence: 4, id: 8 } as const;

/** HFSPlusCatalogFile. */
export const FILE_RECORD = { id: 8, finderInfo: 48, dataFork: 88, resourceFork: 168 } as const;

/** The same in both. */
export const COMMON_RECORD = {
  flags: 2,
  contentModified: 16,
  attributeModified: 20,
  accessed: 24,
  permissions: 32,
  finderInfo: 48,
} as const;

/** HFSPlusBSDInfo, from `permissions` on. */
export const BSD_INFO = { owner: 0, group: 4, ownerFlags: 9, mode: 10, special: 12 } as const;

/** Bit of the flags, kHFSHasAttributesMask: the attributes file has something of it. */
export const HAS_ATTRIBUTES = 0x04;

/** Owner flag UF_COMPRESSED: the data are in an extended attribute or in the resource fork (decmpfs). */
export const COMPRESSED_FLAG = 0x20;
