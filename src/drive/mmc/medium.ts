// The disc in the drive: a Disc as one range of logical blocks, and the questions that commands ask of it.
import { toIsodriveError } from '../../base/error.js';
import type { Disc, Session, Track } from '../../disc/disc.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { ImageRange } from '../image-message.js';
import { readSectors } from '../read-sectors.js';
import type { Profile } from './profile.js';
import { profileOf } from './profile.js';
import { BLOCK_OUT_OF_RANGE, CheckCondition, UNRECOVERED_READ_ERROR } from './sense.js';

export interface MediumTrack extends Track {
  /** Number of its session. */
  readonly session: number;
}

export class Medium {
  readonly sessions: readonly Session[];
  /** In order; at least one. */
  readonly tracks: readonly MediumTrack[];
  /** Logical blocks, from 0 to the end of the last track. */
  readonly blocks: number;
  readonly profile: Profile;
  readonly #data: DataStream;
  #holders = 0;
  readonly #waiting: (() => void)[] = [];

  /** Throws RangeError for a disc without tracks. The medium does not own the disc. */
  constructor(disc: Disc) {
    this.sessions = disc.sessions;
    this.tracks = disc.sessions.flatMap(({ number, tracks }) =>
      tracks.map((track) => ({ ...track, session: number })),
    );
    const last = this.tracks.at(-1);
    if (last === undefined) throw new RangeError('Disc has no track, expected at least one');
    this.blocks = last.start + last.length;
    this.profile = profileOf(this.blocks);
    this.#data = disc.data;
  }

  /** Somebody reads it until the function that this gives is called, once. */
  hold(): () => void {
    this.#holders += 1;
    return () => {
      this.#holders -= 1;
      if (this.#holders === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    };
  }

  /** Resolves when nobody holds it, so that its disc can be closed. */
  async whenFree(): Promise<void> {
    if (this.#holders > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  get firstTrack(): MediumTrack {
    return this.tracks[0]!;
  }

  get lastTrack(): MediumTrack {
    return this.tracks.at(-1)!;
  }

  /** The track that a block belongs to; the gap before a track belongs to that track. */
  trackAt(block: number): MediumTrack | undefined {
    return this.tracks.find(({ start, length }) => block < start + length);
  }

  /** Throws BLOCK OUT OF RANGE unless all `count` blocks from `block` on exist; a range of none may lie at the end. */
  checkRange(block: number, count: number): void {
    if (block + count <= this.blocks && block <= this.blocks) return;
    throw new CheckCondition({ ...BLOCK_OUT_OF_RANGE, information: Math.max(block, this.blocks) });
  }

  /** Where the image has these very bytes of the range of blocks; undefined where the image ends within them. */
  locate(position: number, length: number): ImageRange | undefined {
    return position + length <= this.#data.size ? { reader: this.#data, position } : undefined;
  }

  /**
   * Fills `target` with user data from byte `position` of the range of blocks on. The end of a last sector that the
   * image cuts off, and of a track that it does not reach, is zeros. Rejects with CheckCondition (UNRECOVERED READ
   * ERROR) or `cancelled`.
   */
  async readBytes(target: Uint8Array, position: number, signal?: AbortSignal): Promise<void> {
    try {
      const got = await readSectors(this.#data, target, position, signal);
      target.fill(0, got);
    } catch (thrown) {
      if (toIsodriveError(thrown).code === 'cancelled') throw thrown;
      const information = Math.floor(position / SECTOR_SIZE);
      throw new CheckCondition({ ...UNRECOVERED_READ_ERROR, information });
    }
  }

  /**
   * As readBytes, for whole blocks from `block` on; those that cannot be read are zeros. Gives which they are,
   * counted from `block`. Rejects with `cancelled`.
   */
  async readSound(target: Uint8Array, block: number, signal?: AbortSignal): Promise<ReadonlySet<number>> {
    const bad = new Set<number>();
    if (await this.#tryToRead(target, block, signal)) return bad;
    for (let i = 0; i * SECTOR_SIZE < target.length; i += 1) {
      const sector = target.subarray(i * SECTOR_SIZE, (i + 1) * SECTOR_SIZE);
      if (await this.#tryToRead(sector, block + i, signal)) continue;
      sector.fill(0);
      bad.add(i);
    }
    return bad;
  }

  async #tryToRead(target: Uint8Array, block: number, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.readBytes(target, block * SECTOR_SIZE, signal);
      return true;
    } catch (thrown) {
      if (thrown instanceof CheckCondition) return false;
      throw thrown;
    }
  }
}
