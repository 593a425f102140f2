// What Mac files have besides data, as the extended attributes that macOS and Linux servers for Macs use: the Finder's
// 32 bytes, and the resource fork where Linux can pass it on at all.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { MacFork } from '../content/apple-double.js';
import type { Extent } from '../contract/file-tree.js';
import { isForkCut } from './fork-map.js';
import { readFork } from './fork.js';
import type { Fork } from './fork.js';

export const FINDER_INFO = 'user.com.apple.FinderInfo';
export const RESOURCE_FORK = 'user.com.apple.ResourceFork';
/** Bytes of the largest attribute that Linux passes on (XATTR_SIZE_MAX). */
export const MAX_RESOURCE_BYTES = 65_536;
/** Bytes of resource forks that one directory may bring into memory. */
export const MAX_DIRECTORY_RESOURCE_BYTES = 8 * 1024 * 1024;

type Attribute = readonly [string, Uint8Array];

/** What the catalog says of a file besides its data. */
export interface MacFacts {
  /** Both halves, 32 bytes, and where they are in the image. */
  readonly finderInfo: Uint8Array;
  readonly finderInfoExtents: readonly Extent[];
  /** Bytes of the resource fork. */
  readonly resourceSize: number;
  /** Called when the fork is to be shown. */
  readonly locate: () => Promise<Fork>;
  /** Byte in the image of the record. */
  readonly offset: number;
}

/** Gathers the attributes of the files of one directory. */
export class MacAttributes {
  readonly #reader: DataStream;
  readonly #report: (finding: Finding) => void;
  readonly #showsForks: boolean;
  #left = MAX_DIRECTORY_RESOURCE_BYTES;
  /** Something of the file that was decoded last is left out. */
  hasLeftOut = false;
  /** Finds the resource fork of the file that was decoded last; undefined where it has none. */
  fork: (() => Promise<MacFork>) | undefined;

  /** `showsForks`: resource forks are shown as files too, so that none is lost with its attribute. */
  constructor(reader: DataStream, report: (finding: Finding) => void, showsForks = false) {
    this.#reader = reader;
    this.#report = report;
    this.#showsForks = showsForks;
  }

  /** To be called before the next file. */
  begin(): void {
    this.hasLeftOut = false;
    this.fork = undefined;
  }

  async read(facts: MacFacts, signal: AbortSignal | undefined): Promise<Attribute[] | undefined> {
    const { finderInfo, finderInfoExtents, resourceSize, locate, offset } = facts;
    const result: Attribute[] = [];
    if (finderInfo.some((byte) => byte !== 0)) result.push([FINDER_INFO, finderInfo]);
    if (resourceSize > 0) {
      this.fork = async () => {
        const { size, extents } = await locate();
        return { finderInfo: finderInfoExtents, size, extents };
      };
      const readResources = async (): Promise<Uint8Array> => {
        const fork = await locate();
        if (isForkCut(this.#reader, fork)) throw new IsodriveError('damaged', 'it lacks extents');
        const bytes = new Uint8Array(resourceSize);
        await readFork(this.#reader, fork, bytes, 0, signal);
        return bytes;
      };
      const fork = await this.readValue(
        'resource-fork',
        'Resource fork',
        resourceSize,
        offset,
        readResources,
      );
      if (fork !== undefined) result.push([RESOURCE_FORK, fork]);
    }
    return result.length === 0 ? undefined : result;
  }

  /**
   * A value of so many bytes; undefined where it is larger than Linux or the directory's budget takes, or cannot be
   * read, which is told as CODE-left-out or damaged-CODE. Rejects with `cancelled`.
   */
  async readValue(
    code: string,
    title: string,
    size: number,
    offset: number,
    read: () => Promise<Uint8Array>,
  ): Promise<Uint8Array | undefined> {
    if (size > MAX_RESOURCE_BYTES || size > this.#left) {
      const limit = Math.min(MAX_RESOURCE_BYTES, this.#left);
      const isFork = code === 'resource-fork';
      const isShown = isFork && this.#showsForks;
      this.hasLeftOut ||= !isShown;
      const way = isShown ? ': it is shown as ._NAME' : isFork ? '; --associated shows it as ._NAME' : '';
      this.#tell(
        `${code}-left-out`,
        'note',
        `${title} of ${countBytes(size)}, more than ${limit}`,
        offset,
        way,
      );
      return undefined;
    }
    try {
      const bytes = await read();
      this.#left -= size;
      return bytes;
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
      this.hasLeftOut = true;
      this.#tell(`damaged-${code}`, 'warning', `${title} of ${countBytes(size)} cannot be read`, offset);
      return undefined;
    }
  }

  #tell(code: string, severity: Finding['severity'], what: string, offset: number, way = ''): void {
    this.#report({
      code,
      severity,
      message: `${what}, is left out of the attributes${way}`,
      at: { source: this.#reader.name, offset },
    });
  }
}
