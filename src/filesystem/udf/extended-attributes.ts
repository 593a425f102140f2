// Extended attributes of a file (ECMA-167 4/14.10, UDF 3.3.4): device numbers, and what is shown as user attributes.
import type { ByteCursor } from '../../base/byte-cursor.js';
import { readEntityIdentifier } from './fields.js';
import { TAG, checkTag, tagIdentifier } from './tag.js';

const HEADER_BYTES = 24;
/** 4/14.10.2.1 Attribute Type. */
const ATTRIBUTE = { deviceSpecification: 12, implementationUse: 2048, applicationUse: 65_536 } as const;
/** Attributes of one file. */
export const MAX_ATTRIBUTES = 256;
/** Those that say nothing of the file: room that is free, and notes of the writer for itself. */
const FREE_SPACE = /^\*UDF Free(EA|AppEA)Space/;

export interface AttributeVisitor {
  device(major: number, minor: number): void;
  /** Takes a view of a user attribute's value; `name` begins with "user.". */
  attribute(name: string, value: Uint8Array): void;
}

/**
 * Walks the attributes in `length` bytes from `offset` on; `block` is where the descriptor says that it stands. What
 * lies behind a broken one is left out, and false given.
 */
export function walkExtendedAttributes(
  cursor: ByteCursor,
  offset: number,
  length: number,
  visitor: AttributeVisitor,
): boolean {
  const end = offset + length;
  // 4/14.10.1: a header of 24 bytes that says where the attributes of UDF's own kinds begin; they all look the same.
  const hasHeader = length >= HEADER_BYTES && cursor.u16le(offset) === TAG.extendedAttributeHeader;
  let at = hasHeader ? offset + HEADER_BYTES : offset;
  for (let count = 0; at + 12 <= end && count < MAX_ATTRIBUTES; count += 1) {
    const size = cursor.u32le(at + 8); // 4/14.10.2.4 Attribute Length, BP 8-11
    if (size < 12 || at + size > end) return size === 0;
    visit(cursor, at, size, visitor);
    at += size;
  }
  return true;
}

function visit(cursor: ByteCursor, at: number, size: number, visitor: AttributeVisitor): void {
  const type = cursor.u32le(at); // 4/14.10.2.1, BP 0-3
  if (type === ATTRIBUTE.deviceSpecification && size >= 24) {
    // 4/14.10.7: Major Device Identification BP 16-19, Minor BP 20-23.
    visitor.device(cursor.u32le(at + 16), cursor.u32le(at + 20));
  } else if ((type === ATTRIBUTE.implementationUse || type === ATTRIBUTE.applicationUse) && size >= 48) {
    // 4/14.10.8, 4/14.10.9: use length BP 12-15, identifier BP 16-47, data from BP 48 on.
    const length = Math.min(cursor.u32le(at + 12), size - 48);
    visitUse(readEntityIdentifier(cursor, at + 16), cursor.slice(at + 48, length), visitor);
  }
}

/** The data starts with a checksum of the header, two bytes, which is not part of the value (UDF 3.3.4.5). */
function visitUse(identifier: string, data: Uint8Array, visitor: AttributeVisitor): void {
  if (identifier === '' || FREE_SPACE.test(identifier)) return;
  if (identifier === '*UDF Mac FinderInfo' && data.length >= 40) {
    // UDF 3.3.4.5.4.2: checksum, two bytes of padding, parent directory, then the 32 bytes that a Mac calls FinderInfo.
    visitor.attribute('user.com.apple.FinderInfo', data.subarray(8, 40));
    return;
  }
  const isUdf = identifier.startsWith('*UDF ');
  visitor.attribute(`user.${identifier}`, isUdf ? data.subarray(Math.min(2, data.length)) : data);
}

/** The attributes of an ICB of their own begin with a descriptor too; false when there is none. */
export function isAttributeHeader(cursor: ByteCursor, location: number): boolean {
  return tagIdentifier(cursor) === TAG.extendedAttributeHeader && checkTag(cursor, location) !== 'none';
}
