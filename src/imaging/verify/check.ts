// What a verification says about one thing that it looked at.

/**
 * `ok`: as its publisher made it. `mismatch`: not so. `unreadable`: bytes of it cannot be read. `missing`: named in a
 * list, not there. `unchecked`: it could have been looked at, and `detail` says why it was not.
 */
export type CheckStatus = 'ok' | 'mismatch' | 'unreadable' | 'missing' | 'unchecked';

export interface Check {
  /** What kind of evidence: stable words. */
  readonly kind:
    | 'checksum'
    | 'signature'
    | 'implanted-md5'
    | 'libisofs'
    | 'udf-tags'
    | 'sectors'
    | 'subchannel'
    | 'dat'
    | 'structure'
    | 'coverage'
    | 'map';
  /** Where the evidence stands: a list, a signature, a tag. */
  readonly evidence: string;
  /** What it is about: the image, or a path in it. */
  readonly subject: string;
  readonly status: CheckStatus;
  readonly detail: string;
  /** Of `dat`: the game that the image is taken for. */
  readonly game?: string;
  /** Paths in the image that are hit, where it is not the subject itself. */
  readonly files?: readonly string[];
}

/** Whether a check speaks against the image. */
export function isFailure({ status }: Check): boolean {
  return status === 'mismatch' || status === 'unreadable' || status === 'missing';
}
