// How files of checksums are called: beside an image, where they may be about that image alone, and on a disc.

/** md5sum.txt, SHA256SUMS, sha512sums.asc, B2SUMS, CHECKSUM, Fedora-Server-41-CHECKSUM, disc.iso.DIGESTS. */
const LIST =
  /^(?:(?:md5|sha1|sha256|sha512|b2|blake2b?)sums?|(?:.*[-.])?(?:checksums?|digests))(?:\.txt|\.asc)?$/i;
const OWN_SUFFIX = /^\.(?:md5|sha1|sha256|sha512|b2|blake2b?)(?:sums?)?(?:\.txt)?$/i;
/** Suffixes of detached signatures. */
export const SIGNATURE_SUFFIXES = ['.asc', '.gpg', '.sig', '.sign', '.minisig'] as const;

export type ListScope = 'any' | 'own';

/** `own` for a list of this image alone, in which a digest needs no name; undefined for another file. */
export function listScope(name: string, image: string): ListScope | undefined {
  if (name.startsWith(image) && OWN_SUFFIX.test(name.slice(image.length))) return 'own';
  const stem = image.replace(/\.[^.]+$/, '');
  if (name.startsWith(stem) && OWN_SUFFIX.test(name.slice(stem.length))) return 'own';
  return isListName(name) ? 'any' : undefined;
}

/** Whether a file at the root of a disc is a list of its files. */
export function isListName(name: string): boolean {
  return LIST.test(name);
}
