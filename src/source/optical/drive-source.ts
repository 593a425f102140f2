// The user data of the disc in a physical drive. What the kernel serves comes by pread; what it cannot (a sector of
// which it spoils the neighbour, blocks beyond the size that it believes) by commands to the drive. It has no
// descriptor for native code to read from, because every read has to notice that the disc was changed.
import { read } from 'node:fs';
import { IsodriveError, toIsodriveError } from '../../base/error.js';
import { loadAddon } from '../../../native/index.js';
import { abortable, throwIfAborted } from '../../base/abortable.js';
import type { ByteSource, SourceIdentity } from '../byte-source.js';
import type { DriveFacts } from './drive-facts.js';
import { BLOCK_SIZE } from './drive-device.js';
import { isGone, openLoadedDrive, orUndefined, refuseEmpty } from './loaded-drive.js';
import type { OpticalDrive } from './optical-drive.js';
import { RawReadings } from './raw-sector.js';

/** Milliseconds between two looks at whether the disc is still the same. */
const CHANGE_INTERVAL = 500;
/** Blocks up to which a range that the kernel cannot read is asked of the drive itself. */
const MAX_EXACT_BLOCKS = 32;
/** Readings of a sector of a CD that the drive refuses, where it marks the bytes that it is not sure of. */
const MAX_READINGS = 4;
/** Reads of one drive under way: a drive that hangs must not take every thread of the process. */
const MAX_READS = 2;

/** Of OpticalDrive.setSpeed. */
const FASTEST = 0;

export interface DriveSourceOptions {
  /**
   * Of the drive, which the caller has opened with O_NONBLOCK and closes later: the button of the drive stays free, and
   * the caller watches for the disc to go.
   */
  readonly descriptor?: number;
}

interface Disc extends DriveFacts {
  /** Bytes that can be read as data. */
  readonly size: number;
  /** Bytes that the kernel believes the disc to have. */
  readonly kernelSize: number;
  /** With a sector come marks of the bytes that the drive is not sure of. */
  readonly offersC2: boolean;
}

export class DriveSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly identity: SourceIdentity;
  readonly drive: DriveFacts;
  readonly #drive: OpticalDrive;
  readonly #disc: Disc;
  #stamp: number;
  #checkedAt = performance.now();
  #changed: IsodriveError | undefined;
  /** As it was set, in multiples of a CD's; undefined while it is as the drive wants. */
  #speed: number | undefined;
  #reads = 0;
  readonly #waiting: (() => void)[] = [];

  private constructor(drive: OpticalDrive, disc: Disc, identity: SourceIdentity, stamp: number) {
    this.name = drive.path;
    this.size = disc.size;
    const { vendor, product, revision, medium, tracks } = disc;
    this.drive = { vendor, product, revision, medium, tracks };
    this.identity = identity;
    this.#drive = drive;
    this.#disc = disc;
    this.#stamp = stamp;
  }

  /**
   * Opens the disc in a drive; undefined when the path is no optical drive. Rejects with `permission`, or
   * `image-unreadable` (no disc, tray open, only sound).
   */
  static async open(path: string, options: DriveSourceOptions = {}): Promise<DriveSource | undefined> {
    const drive = await openLoadedDrive(path, options.descriptor);
    if (drive === undefined) return undefined;
    try {
      const device = await drive.describe();
      const disc = await readDisc(drive, device.kernelSize);
      const identity = { ...device.identity, size: BigInt(disc.kernelSize || disc.size) };
      return new DriveSource(drive, disc, identity, await drive.stamp(0));
    } catch (thrown) {
      await drive[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async read(target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    throwIfAborted(signal);
    if (this.#changed !== undefined) throw this.#changed;
    const wanted = target.subarray(0, Math.max(0, Math.min(target.length, this.size - position)));
    if (wanted.length === 0) return 0;
    // The memory is the caller's again once this settles, so a read under way is waited for.
    await this.#enter(signal);
    try {
      if (performance.now() - this.#checkedAt > CHANGE_INTERVAL) await this.checkUnchanged();
      await this.#readWhole(wanted, position);
    } catch (thrown) {
      if (toIsodriveError(thrown).code !== 'image-changed') await this.checkUnchanged();
      throw thrown;
    } finally {
      this.#leave();
    }
    return wanted.length;
  }

  /** Also false when it is time to look whether the disc is still the same, which `read` does. */
  readCached(target: Uint8Array, position: number): boolean {
    if (this.#changed !== undefined || performance.now() - this.#checkedAt > CHANGE_INTERVAL) return false;
    const { fileDescriptor } = this.#drive;
    if (position + target.length > Math.min(this.size, this.#disc.kernelSize)) return false;
    return fileDescriptor !== undefined && loadAddon().readCached(fileDescriptor, target, position);
  }

  /** Rejects with `image-changed` when another disc is in, `image-unreadable` when none is. */
  async checkUnchanged(): Promise<void> {
    this.#checkedAt = performance.now();
    refuseEmpty(this.name, await this.#drive.state());
    if ((await this.#drive.stamp(this.#stamp)) === this.#stamp) return;
    this.#changed ??= new IsodriveError(
      'image-changed',
      `Cannot trust "${this.name}" any more: the disc was changed, expected it to stay`,
      { at: { source: this.name } },
    );
    throw this.#changed;
  }

  /**
   * Slows the drive down to `speed` multiples of a CD's (150 KiB/s), until it is closed; one that is slower already
   * stays so. Rejects with `unsupported` for a drive that has no such command.
   */
  async setSpeed(speed: number): Promise<void> {
    if (this.#speed !== undefined && this.#speed <= speed) return;
    await this.#drive.setSpeed(speed);
    this.#speed = speed;
  }

  async #readWhole(target: Uint8Array, position: number): Promise<void> {
    const { kernelSize } = this.#disc;
    const end = position + target.length;
    const { fileDescriptor } = this.#drive;
    const inKernel =
      fileDescriptor === undefined ? 0 : Math.max(0, Math.min(target.length, kernelSize - position));
    let fault: IsodriveError | undefined;
    if (fileDescriptor !== undefined && inKernel > 0) {
      fault = await this.#readByKernel(fileDescriptor, target.subarray(0, inKernel), position);
    }
    if (fault !== undefined) {
      const blocks = Math.ceil(end / BLOCK_SIZE) - Math.floor(position / BLOCK_SIZE);
      if (isGone(fault) || blocks > MAX_EXACT_BLOCKS) throw fault;
      await this.#readByCommand(target, position);
    } else if (end > kernelSize) await this.#readByCommand(target.subarray(inKernel), position + inKernel);
  }

  async #readByKernel(
    fileDescriptor: number,
    target: Uint8Array,
    position: number,
  ): Promise<IsodriveError | undefined> {
    let done = 0;
    while (done < target.length) {
      const at = position + done;
      const got = await new Promise<number | NodeJS.ErrnoException>((resolve) => {
        const rest = target.length - done;
        read(fileDescriptor, target, done, rest, at, (error, count) => resolve(error ?? count));
      });
      if (typeof got === 'number' && got > 0) done += got;
      else return this.#unreadable(at, got === 0 ? 'EOF' : (got as NodeJS.ErrnoException));
    }
    return undefined;
  }

  #unreadable(position: number, cause: NodeJS.ErrnoException | 'EOF'): IsodriveError {
    const why = cause === 'EOF' ? 'the kernel sees its end there' : (cause.code ?? cause.message);
    return new IsodriveError('image-unreadable', `Cannot read byte ${position} of "${this.name}": ${why}`, {
      at: { source: this.name, offset: position },
      ...(cause === 'EOF' ? {} : { cause }),
    });
  }

  async #readByCommand(target: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < target.length;) {
      const at = position + done;
      const block = Math.floor(at / BLOCK_SIZE);
      const skip = at - block * BLOCK_SIZE;
      const count = Math.min(MAX_EXACT_BLOCKS, Math.ceil((skip + target.length - done) / BLOCK_SIZE));
      const bytes = await this.#readBlocks(block, count);
      const part = bytes.subarray(skip, skip + target.length - done);
      target.set(part, done);
      done += part.length;
    }
  }

  async #readBlocks(block: number, count: number): Promise<Uint8Array> {
    try {
      return await this.#drive.readBlocks(block, count);
    } catch (thrown) {
      const isCd = this.#disc.medium?.startsWith('CD') === true;
      if (count > 1 || !isCd || isGone(toIsodriveError(thrown))) throw thrown;
      const data = await this.#readRawSector(block);
      if (data === undefined) throw thrown;
      return data;
    }
  }

  /** Undefined for what is not proved right. */
  async #readRawSector(block: number): Promise<Uint8Array | undefined> {
    const readings = new RawReadings();
    let { offersC2: withC2 } = this.#disc;
    for (let i = 0; i < MAX_READINGS; i += 1) {
      const read = (c2: boolean): Promise<Uint8Array | undefined> =>
        orUndefined(this.#drive.readRaw(block, 1, c2));
      let reading = withC2 ? await read(true) : undefined;
      // Some drives mark the sectors of sound alone.
      withC2 = reading !== undefined;
      reading ??= await read(false);
      if (reading === undefined) return undefined;
      readings.add(reading);
      const data = readings.userData();
      if (data !== undefined || !withC2) return data;
    }
    return undefined;
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    if (this.#reads < MAX_READS) {
      this.#reads += 1;
      return;
    }
    let enter: (() => void) | undefined;
    const turn = new Promise<void>((resolve) => this.#waiting.push((enter = resolve)));
    try {
      await abortable(turn, signal);
    } catch (thrown) {
      const at = this.#waiting.indexOf(enter!);
      // The turn was given already: it is passed on.
      if (at < 0) this.#leave();
      else this.#waiting.splice(at, 1);
      throw thrown;
    }
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#reads -= 1;
    else next();
  }

  /** Closes the drive, which frees its button and has its full speed again. No read may be under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Drives keep a speed until the next disc.
    if (this.#speed !== undefined) await orUndefined(this.#drive.setSpeed(FASTEST));
    await this.#drive[Symbol.asyncDispose]();
  }
}

/** Whatever a drive does not say is not known; only its size must be. */
async function readDisc(drive: OpticalDrive, kernelSize: number): Promise<Disc> {
  const identity = await drive.identify();
  const medium = await orUndefined(drive.readProfile());
  const tracks = (await orUndefined(drive.readTracks())) ?? [];
  const capacity = ((await orUndefined(drive.readCapacity())) ?? 0) * BLOCK_SIZE;
  const lastData = tracks.findLast(({ isData }) => isData);
  if (tracks.length > 0 && lastData === undefined) {
    throw new IsodriveError(
      'unsupported',
      `Cannot read "${drive.path}": its ${tracks.length} tracks are sound, expected a track of data`,
      { action: 'Keep it with isodrive create, as an image whose name ends in .cue' },
    );
  }
  const all = Math.max(kernelSize, capacity);
  const dataEnd = lastData === undefined ? all : (lastData.start + lastData.length) * BLOCK_SIZE;
  const size = lastData === undefined || lastData === tracks.at(-1) ? all : Math.min(all, dataEnd);
  if (size === 0) {
    throw new IsodriveError('image-unreadable', `Cannot read "${drive.path}": disc is blank, expected data`);
  }
  const offersC2 = (await orUndefined(drive.offersC2())) ?? false;
  return { ...identity, medium, tracks, size, kernelSize, offersC2 };
}
