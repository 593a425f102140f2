// How files of checksums are called: beside an image, where they may be about that image alone, and on a disc. Pure.

/** Suffixes of detached signatures. */
export const SIGNATURE_SUFFIXES = ['.asc', '.gpg', '.sig', '.sign', '.minisig'] as const;

const KIND =
  'md5|sha-?1|sha-?(?:2-)?(?:224|256|384|512)|sha3-(?:224|256|384|512)|b2|b3|blake2b?|blake2s|blake3|rmd160|ripemd-?160|sm3|whirlpool|sha';
const KIND_WORD = new RegExp(`(?:^|[-._ ])(${KIND})(?:sums?|hash(?:es)?)?(?=$|[-._ ])`, 'gi');
/** A word of a name that says what the file holds. */
const LIST_WORD = `(?:(?:${KIND})(?:sums?|hash(?:es)?)?|(?:check|hash)?sums|shasums256|checksum|digests?|hash(?:es)?|sfv)`;
const TEXT_SUFFIX = /(?:\.(?:txt|asc|list|lst))+$/i;
/** md5sum.txt, SHA256SUMS, B2SUMS, CHECKSUM, Fedora-Server-41-CHECKSUM, disc.iso.DIGESTS, x-checksums-amd64.sha256. */
const LIST_AT_END = new RegExp(`(?:^|[-._ ])${LIST_WORD}$`, 'i');
/** CHECKSUM.SHA512-FreeBSD-14.3-RELEASE-amd64, SHA256SUMS-amd64; and what OpenBSD signs. */
const LIST_AT_START = new RegExp(`^(?:${LIST_WORD}(?=[-._ ]).*|sha(?:256|512)\\.sig)$`, 'i');
/** Whatever such a file is about, it is none itself. */
const OTHER_SUFFIX =
  /\.(?:iso|img|bin|cue|exe|msi|zip|gz|bz2|xz|zst|7z|tar|deb|rpm|apk|jar|so|dll|py|js|ts|c|h|cc|go|rs|html?|pdf|json|map|part|gpg|sign?|minisig|key|pem|pub)$/i;
/** Words of lists that are about several files. */
const GENERAL_END = /(?:sums?|checksum|digests?|hash(?:es)?)(?:\.txt|\.asc)?$/i;
const OWN_SUFFIX = new RegExp(`^[-._]${LIST_WORD}(?:\\.txt|\\.asc)?$`, 'i');

export type ListScope = 'any' | 'own';

/** `own` for a list of this image alone, in which a digest needs no name; undefined for another file. */
export function listScope(name: string, image: string): ListScope | undefined {
  const rest = restOfName(name, image);
  if (rest !== undefined && OWN_SUFFIX.test(rest)) return 'own';
  // disc2.iso.sha256 is of disc2.iso.
  const isOfAnother = OTHER_SUFFIX.test(subjectOf(name) ?? '') && !GENERAL_END.test(name);
  return isListName(name) && name !== image && !isOfAnother ? 'any' : undefined;
}

/** Whether a file is, by its name, a list of others. */
export function isListName(name: string): boolean {
  const stem = name.replace(TEXT_SUFFIX, '');
  return (
    LIST_AT_END.test(stem) || (LIST_AT_START.test(stem) && (!OTHER_SUFFIX.test(stem) || isSignify(stem)))
  );
}

/** What the name of a list says of its digests, such as "sha256"; the image's own name says nothing. */
export function kindWord(name: string, image = ''): string | undefined {
  const rest = (image === '' ? undefined : restOfName(name, image)) ?? name;
  if (/\.sfv$/i.test(rest)) return 'crc32';
  return Array.from(rest.matchAll(KIND_WORD), ([, word]) => word).at(-1);
}

/** The file that a list such as "x.squashfs.md5" is about, by its name; undefined for another list. */
export function subjectOf(name: string): string | undefined {
  const found = new RegExp(`^(.+)[.]${LIST_WORD}(?:\\.txt|\\.asc)?$`, 'i').exec(name);
  return found?.[1];
}

/** What follows the image's name, or that name without its suffix, in whatever case. */
function restOfName(name: string, image: string): string | undefined {
  const stem = image.replace(/\.[^.]+$/, '');
  const lower = name.toLowerCase();
  const start = [image, stem].find((one) => lower.startsWith(one.toLowerCase()));
  return start === undefined ? undefined : name.slice(start.length);
}

function isSignify(name: string): boolean {
  return /^sha(?:256|512)\.sig$/i.test(name);
}
