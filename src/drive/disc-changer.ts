// The images that a server serves, of which those in drives may be exchanged for others while it runs.
import type { VolumeMarks } from '../container/volume-marks.js';
import type { DriveState } from './mmc/drive-state.js';
import { Medium } from './mmc/medium.js';
import { openDriveImage } from './open-drive-image.js';
import type { DriveImage } from './open-drive-image.js';

export class DiscChanger implements AsyncDisposable {
  readonly #images: DriveImage[];
  readonly #marks: VolumeMarks;
  /** Exchanges under way, and images that commands still read. */
  readonly #work = new Set<Promise<void>>();

  private constructor(images: DriveImage[], marks: VolumeMarks) {
    this.#images = images;
    this.#marks = marks;
  }

  /** Opens all images or none. Rejects as openDriveImage does. */
  static async open(paths: readonly string[], marks: VolumeMarks, signal: AbortSignal): Promise<DiscChanger> {
    const changer = new DiscChanger([], marks);
    try {
      for (const path of paths) changer.#images.push(await openDriveImage(path, marks, signal));
      return changer;
    } catch (thrown) {
      await changer[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** In the order of the units. */
  get images(): readonly DriveImage[] {
    return this.#images;
  }

  /**
   * Puts the image at `path` in a drive instead of the one of number `unit`, which is closed when no command reads it
   * any more. False, and initiators are asked to let go, while one of them holds the lock. Rejects as openDriveImage
   * does.
   */
  async exchange(drive: DriveState, unit: number, path: string): Promise<boolean> {
    const image = await openDriveImage(path, this.#marks);
    if (drive.isRemovalPrevented) {
      drive.askForDisc();
      await image[Symbol.asyncDispose]();
      return false;
    }
    const before = { image: this.#images[unit]!, medium: drive.disc };
    this.#images[unit] = image;
    drive.changeMedium(new Medium(image.disc));
    this.#track(close(before.image, before.medium));
    return true;
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }

  /** Closes all images. No command may be under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#work);
    for (const image of this.#images) await image[Symbol.asyncDispose]();
  }
}

async function close(image: DriveImage, medium: Medium | undefined): Promise<void> {
  await medium?.whenFree();
  await image[Symbol.asyncDispose]();
}
