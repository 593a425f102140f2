// AL: extended attributes and access control lists (Arbitrary Attribute Interchange Protocol 2.0). A list of
// components, by turns names and values, each of one record or several. The records fill as many fields as it takes,
// and unlike those of SL one may begin in a field and end in the next.
import { countBytes } from '../../../base/byte-count.js';
import type { ByteCursor } from '../../../base/byte-cursor.js';
import { decodeAccessControl } from './access-control-list.js';
import { isSumAttribute } from './recorded-sums.js';
import type { Attribute } from './recorded-sums.js';

/** Bytes of all names and values of a file; Linux takes no larger value (XATTR_SIZE_MAX). */
export const MAX_ATTRIBUTE_BYTES = 65_536;
/** Bytes of a name (XATTR_NAME_MAX). */
export const MAX_ATTRIBUTE_NAME_BYTES = 255;
const COMPONENT_CONTINUED = 1;
const FIELD_HEADER_BYTES = 5;

/** Bytes of the attributes of all files of a tree: thousands of records may share one continuation area. */
export const MAX_TREE_ATTRIBUTE_BYTES = 64 * 1024 * 1024;

/** What the attributes of a tree may still take in memory; all decoders of a tree share one. */
export interface AttributeBudget {
  bytes: number;
}

/** First byte of a name that stands for a namespace. */
const NAMESPACE = { escape: 1, system: 2, user: 3, isofs: 4, trusted: 5, security: 6 } as const;
const PREFIXES: Readonly<Record<number, string>> = {
  [NAMESPACE.escape]: '',
  [NAMESPACE.system]: 'system.',
  [NAMESPACE.user]: 'user.',
  [NAMESPACE.isofs]: 'isofs.',
  [NAMESPACE.trusted]: 'trusted.',
  [NAMESPACE.security]: 'security.',
};

export interface AttributesFound {
  readonly attributes: readonly Attribute[];
  /** Those in which the writer keeps checksums; they are not shown. */
  readonly sums: readonly Attribute[];
  /** What is wrong, or left out, in words; undefined for nothing. */
  readonly fault: string | undefined;
}

export class AttributeList {
  /** Component areas of the fields so far. */
  #areas: Uint8Array[] = [];
  #bytes = 0;
  #present = false;

  /** True once a field was seen. */
  get present(): boolean {
    return this.#present;
  }

  clear(): void {
    this.#areas = [];
    this.#bytes = 0;
    this.#present = false;
  }

  /** Adds what one field holds. */
  addField(cursor: ByteCursor, at: number, length: number): void {
    this.#present = true;
    const size = Math.max(0, length - FIELD_HEADER_BYTES);
    this.#bytes += size;
    if (this.#bytes <= MAX_ATTRIBUTE_BYTES)
      this.#areas.push(cursor.slice(at + FIELD_HEADER_BYTES, size).slice());
  }

  /**
   * The attributes as Linux names them. Shown are namespace "user" and access control lists, which become
   * system.posix_acl_access and system.posix_acl_default. "isofs" is for the writer's own use; "trusted" and "security"
   * stand for what an administrator of this machine has granted, which no image can.
   */
  finish(budget: AttributeBudget): AttributesFound {
    budget.bytes -= this.#bytes;
    if (budget.bytes < 0) {
      return {
        attributes: [],
        sums: [],
        fault: `what goes beyond ${countBytes(MAX_TREE_ATTRIBUTE_BYTES)} in all`,
      };
    }
    const attributes = new Map<string, Uint8Array>();
    const sums: Attribute[] = [];
    let fault =
      this.#bytes > MAX_ATTRIBUTE_BYTES ? `more than ${countBytes(MAX_ATTRIBUTE_BYTES)}` : undefined;
    const components = splitComponents(Buffer.concat(this.#areas));
    for (let i = 0; i + 1 < components.length; i += 2) {
      const value = components[i + 1]!;
      const name = expandName(components[i]!);
      if (name === '') {
        const lists = decodeAccessControl(value);
        if (lists === undefined) fault ??= 'an access control list that is invalid';
        else for (const [list, bytes] of lists) attributes.set(list, bytes);
      } else if (name === undefined) fault ??= 'a name that is invalid';
      else if (name.startsWith(PREFIXES[NAMESPACE.user]!)) attributes.set(name, value);
      else if (isSumAttribute(name)) sums.push([name, value]);
      else if (!name.startsWith(PREFIXES[NAMESPACE.isofs]!)) fault ??= `attribute "${name}"`;
    }
    return { attributes: [...attributes], sums, fault };
  }
}

/** Components from their records: flags, length, bytes. One that is not complete is left out. */
function splitComponents(bytes: Uint8Array): Uint8Array[] {
  const components: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const end = at + 2 + bytes[at + 1]!;
    if (end > bytes.length) break;
    parts.push(bytes.subarray(at + 2, end));
    if ((bytes[at]! & COMPONENT_CONTINUED) === 0) {
      components.push(Buffer.concat(parts));
      parts = [];
    }
    at = end;
  }
  return components;
}

/** The name with its namespace written out; empty for access control lists, undefined when it is none. */
function expandName(bytes: Uint8Array): string | undefined {
  const prefix = PREFIXES[bytes[0] ?? -1];
  const length = prefix === undefined ? bytes.length : bytes.length - 1 + prefix.length;
  if (bytes.includes(0) || length > MAX_ATTRIBUTE_NAME_BYTES) return undefined;
  const text = decodeName(prefix === undefined ? bytes : bytes.subarray(1));
  return text === undefined ? undefined : (prefix ?? '') + text;
}

function decodeName(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
