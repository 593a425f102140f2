// Names of plain ISO 9660 as Linux shows them by default (isofs, map=normal): lower case, without ";1".

const DOT = 0x2e;
const SEMICOLON = 0x3b;
const ONE = 0x31;
const SLASH = 0x2f;

/**
 * Maps the `length` bytes of a file identifier (ECMA-119 7.5) in place and gives the new length: upper case becomes
 * lower case, a trailing ";1" and the dot before it go, ";" and "/" become dots.
 */
export function mapIsoName(name: Uint8Array, length: number): number {
  for (let i = 0; i < length; i += 1) {
    const byte = name[i]!;
    if (byte >= 0x41 && byte <= 0x5a) name[i] = byte | 0x20;
    else if (byte === DOT) {
      if (i === length - 3 && name[i + 1] === SEMICOLON && name[i + 2] === ONE) return i;
    } else if (byte === SEMICOLON) {
      if (i === length - 2 && name[i + 1] === ONE) return i;
      name[i] = DOT;
    } else if (byte === SLASH) name[i] = DOT;
  }
  return length;
}

/** Length of a name of ISO 9660:1999, in which versions are optional (6.8): without a trailing ";1". */
export function trimVersion(name: Uint8Array, length: number): number {
  const hasVersion = length > 2 && name[length - 2] === SEMICOLON && name[length - 1] === ONE;
  return hasVersion ? length - 2 : length;
}
