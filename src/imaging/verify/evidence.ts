// The contract between a verification and those who gather evidence for it.
import type { ExtentMap } from '../../image/extent-map.js';
import type { OpenedImage } from '../../image/open-image.js';
import type { Check } from './check.js';
import type { PassConsumer, PassOptions } from './image-pass.js';

export interface VerifyOptions extends PassOptions {
  /** Absolute path of the image. */
  readonly path: string;
  /** OpenPGP keyring file, for gpgv. */
  readonly keyring?: string | undefined;
  /** Public key file of minisign or signify. */
  readonly key?: string | undefined;
  /** List of digests by game: a DAT file, or a log with such digests. */
  readonly dat?: string | undefined;
}

/** What evidence beside an image needs of it. */
export interface BesideContext {
  readonly image: Pick<OpenedImage, 'files'>;
  readonly options: VerifyOptions;
}

export interface VerifyContext extends BesideContext {
  readonly image: OpenedImage;
  readonly extents: ExtentMap;
}

/** A piece of evidence: what it wants read, and what it says when that has been read. */
export interface Evidence {
  readonly consumers: readonly PassConsumer[];
  /** The file that it is about, where no consumer reads it. */
  readonly row?: number;
  finish(): readonly Check[] | Promise<readonly Check[]>;
}

/** Evidence that needs nothing read. */
export function settled(...checks: readonly Check[]): Evidence {
  return { consumers: [], finish: () => checks };
}
