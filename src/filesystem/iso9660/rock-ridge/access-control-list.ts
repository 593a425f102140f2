// Access control lists of AAIP 2.0 ("Specification of binary ACL representation"), as Linux gives them to programs in
// the attributes system.posix_acl_access and system.posix_acl_default (include/uapi/linux/posix_acl_xattr.h).

/** Entries of one list. Linux has no number of its own; ext4 has room for fewer. */
export const MAX_ACL_ENTRIES = 1024;

/** AAIP entry types, the high four bits of an entry. */
const TYPE = { translate: 0, switchMark: 8, futureVersion: 15 } as const;
const QUALIFIER = 0x08;
/** A qualifier of more bytes than this goes on in another record. */
const QUALIFIER_CONTINUED = 0x80;
export const MAX_ID_BYTES = 4;

/**
 * By AAIP type: the kernel's tag, and whether the qualifier is an id. The order of tags is that of the kernel's
 * lists.
 */
const TAGS: Readonly<Record<number, { readonly tag: number; readonly hasId: boolean }>> = {
  1: { tag: 0x01, hasId: false }, // ACL_USER_OBJ
  10: { tag: 0x02, hasId: true }, // ACL_USER
  3: { tag: 0x04, hasId: false }, // ACL_GROUP_OBJ
  12: { tag: 0x08, hasId: true }, // ACL_GROUP
  5: { tag: 0x10, hasId: false }, // ACL_MASK
  6: { tag: 0x20, hasId: false }, // ACL_OTHER
};
/** A list has one each of owner, group and others, and a mask as soon as it names somebody. */
const REQUIRED_TAGS = [0x01, 0x04, 0x20];
const MASK_TAG = 0x10;
const NAMING_TAGS = [0x02, 0x08];

const VERSION = 2;
const UNDEFINED_ID = 0xffff_ffff;

interface Entry {
  readonly tag: number;
  readonly permissions: number;
  readonly id: number;
}

/** The lists by attribute name, those that are there; undefined when they are invalid. */
export function decodeAccessControl(bytes: Uint8Array): [string, Uint8Array][] | undefined {
  const lists: [Entry[], Entry[]] = [[], []];
  let current = lists[0];
  for (let at = 0; at < bytes.length;) {
    const flags = bytes[at]!;
    at += 1;
    const type = flags >> 4;
    if (type === TYPE.futureVersion) return undefined;
    if (type === TYPE.switchMark) {
      current = lists[1];
      continue;
    }
    const qualifier = (flags & QUALIFIER) === 0 ? { id: UNDEFINED_ID, end: at } : readQualifier(bytes, at);
    if (qualifier === undefined) return undefined;
    at = qualifier.end;
    const known = TAGS[type];
    // Names of ids are hints that nobody has to take, and unknown types are to be ignored.
    if (type === TYPE.translate || known === undefined) continue;
    if (known.hasId && qualifier.id === UNDEFINED_ID) return undefined;
    const id = known.hasId ? qualifier.id : UNDEFINED_ID;
    current.push({ tag: known.tag, permissions: flags & 7, id });
    if (current.length > MAX_ACL_ENTRIES) return undefined;
  }
  const result: [string, Uint8Array][] = [];
  for (const [i, name] of ['system.posix_acl_access', 'system.posix_acl_default'].entries()) {
    const entries = lists[i]!;
    if (entries.length === 0) continue;
    if (!isValid(entries)) return undefined;
    result.push([name, encodeEntries(entries)]);
  }
  return result;
}

/** A number, most significant byte first, in one record or several; UNDEFINED_ID when it is no id. */
function readQualifier(bytes: Uint8Array, start: number): { id: number; end: number } | undefined {
  let id = 0;
  let length = 0;
  for (let at = start; ;) {
    const head = bytes[at];
    if (head === undefined) return undefined;
    const size = head & ~QUALIFIER_CONTINUED;
    at += 1;
    if (at + size > bytes.length) return undefined;
    length += size;
    for (const byte of bytes.subarray(at, at + size)) id = id * 256 + byte;
    at += size;
    if ((head & QUALIFIER_CONTINUED) !== 0) continue;
    return { id: length === 0 || length > MAX_ID_BYTES ? UNDEFINED_ID : id, end: at };
  }
}

function isValid(entries: readonly Entry[]): boolean {
  const count = (tag: number): number => entries.filter((entry) => entry.tag === tag).length;
  const namesSomebody = entries.some(({ tag }) => NAMING_TAGS.includes(tag));
  const keys = new Set(entries.map(({ tag, id }) => `${tag}:${id}`));
  return (
    keys.size === entries.length &&
    REQUIRED_TAGS.every((tag) => count(tag) === 1) &&
    (!namesSomebody || count(MASK_TAG) === 1)
  );
}

/** Version (u32), then tag (u16), permissions (u16) and id (u32) of each entry, little-endian, by tag and id. */
function encodeEntries(entries: readonly Entry[]): Uint8Array {
  const bytes = new Uint8Array(4 + 8 * entries.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, VERSION, true);
  const sorted = entries.toSorted((a, b) => a.tag - b.tag || a.id - b.id);
  sorted.forEach(({ tag, permissions, id }, i) => {
    view.setUint16(4 + 8 * i, tag, true);
    view.setUint16(6 + 8 * i, permissions, true);
    view.setUint32(8 + 8 * i, id, true);
  });
  return bytes;
}
