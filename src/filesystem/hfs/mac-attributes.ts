// What Mac files have besides data, as the extended attributes that macOS and Linux servers for Macs use: the Finder's
// 32 bytes, and the resource fork where Linux can pass it on at all.
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { SectorReader } from '../../disc/sector-reader.js';
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

/** Gathers the attributes of the files of one directory. */
export class MacAttributes {
  readonly #reader: SectorReader;
  readonly #report: (finding: Finding) => void;
  #left = MAX_DIRECTORY_RESOURCE_BYTES;

  constructor(reader: SectorReader, report: (finding: Finding) => void) {
    this.#reader = reader;
    this.#report = report;
  }

  /** `finderInfo`: both halves, 32 bytes. `locate` is called when there is a fork that can be shown. */
  async read(
    finderInfo: Uint8Array,
    resourceSize: number,
    offset: number,
    locate: () => Promise<Fork>,
    signal: AbortSignal | undefined,
  ): Promise<Attribute[] | undefined> {
    const result: Attribute[] = [];
    if (finderInfo.some((byte) => byte !== 0)) result.push([FINDER_INFO, finderInfo]);
    if (resourceSize > 0) {
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
   * A value of so many bytes; undefined where it is larger than Linux or the directory's budget takes, or cannot be read,
   * which is told as CODE-left-out or damaged-CODE. Rejects with `cancelled`.
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
      this.#tell(`${code}-left-out`, 'note', `${title} of ${size} bytes, more than ${limit}`, offset);
      return undefined;
    }
    try {
      const bytes = await read();
      this.#left -= size;
      return bytes;
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
      this.#tell(`damaged-${code}`, 'warning', `${title} of ${size} bytes cannot be read`, offset);
      return undefined;
    }
  }

  #tell(code: string, severity: Finding['severity'], what: string, offset: number): void {
    this.#report({
      code,
      severity,
      message: `${what}, is left out`,
      at: { source: this.#reader.name, offset },
    });
  }
}
