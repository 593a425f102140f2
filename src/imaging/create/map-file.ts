// The map file of a run on disk: replaced as a whole, never half written, and never ahead of the image.
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hostPath } from '../../base/path-text.js';
import type { RescueMap } from '../../source/rescue-map/rescue-map.js';
import { formatMapText } from '../../source/rescue-map/rescue-map-text.js';
import type { MapPosition } from '../../source/rescue-map/rescue-map-text.js';
import { syncDirectory, translateWriteError } from './part-file.js';

/** Milliseconds between two saves: as much of a run is lost to a killed process. */
const SAVE_INTERVAL = 5000;

export class MapFile {
  readonly path: string;
  readonly #started = new Date();
  #savedAt = performance.now();

  constructor(path: string) {
    this.path = path;
  }

  get isDue(): boolean {
    return performance.now() - this.#savedAt > SAVE_INTERVAL;
  }

  /** Call when all that `map` calls read is on the disk. Rejects with `partial` or `permission`. */
  async save(map: RescueMap, at: MapPosition): Promise<void> {
    const text = formatMapText(map, at, [
      'Mapfile. Created by isodrive, in the format of GNU ddrescue',
      `Start time:   ${this.#started.toISOString()}`,
      `Current time: ${new Date().toISOString()}`,
    ]);
    const scratch = `${this.path}.new`;
    try {
      const file = await open(hostPath(scratch), 'w', 0o666);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(hostPath(scratch), hostPath(this.path));
      await syncDirectory(dirname(this.path));
    } catch (thrown) {
      throw translateWriteError(this.path, thrown);
    }
    this.#savedAt = performance.now();
  }
}
