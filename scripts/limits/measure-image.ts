// All that is measured of one image, in a scratch folder: each command, and a mount by each driver.
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { DriverName } from '../../src/options/driver-names.js';
import { aboveStart } from './bounds.js';
import type { Measured } from './bounds.js';
import { makeEmptyImage } from './written-images.js';
import { unpackInto } from './find-images.js';
import { COMMANDS, measureCommand } from './measure-command.js';
import type { CommandEnd } from './measure-command.js';
import { MeasuredDaemon } from './measure-mount.js';
import { findOutputFolder } from './output-folder.js';
import type { Usage } from './report-usage.js';

type Task = readonly [name: string, run: (image: string, imageBytes: number) => Promise<CommandEnd>];

/** Measures one image at a time; disposing ends its daemon and removes its folder. */
export class ImageMeter implements AsyncDisposable {
  readonly #folder: string;
  readonly #daemon: MeasuredDaemon;
  readonly #tasks: readonly Task[];
  readonly #starts = new Map<string, Usage>();

  private constructor(project: string, folder: string, daemon: MeasuredDaemon) {
    this.#folder = folder;
    this.#daemon = daemon;
    const outputs = findOutputFolder();
    const program = join(project, 'dist', 'bundle', 'isodrive.cjs');
    // Driver erofs mounts as root only.
    const drivers: DriverName[] = process.getuid?.() === 0 ? ['fuse', 'erofs'] : ['fuse'];
    this.#tasks = [
      ...COMMANDS.map((name): Task => [
        name,
        (image, imageBytes) => measureCommand(name, image, { imageBytes, folder, outputs, program }),
      ]),
      ...drivers.map((driver): Task => [`mount (${driver})`, (image) => daemon.measure(image, driver)]),
    ];
  }

  static async start(project: string): Promise<ImageMeter> {
    const folder = mkdtempSync(join(tmpdir(), 'isodrive-limits-'));
    const meter = new ImageMeter(project, folder, await MeasuredDaemon.start(project, folder));
    const empty = join(folder, 'empty.iso');
    writeFileSync(empty, makeEmptyImage());
    for (const [name, run] of meter.#tasks) {
      const { end, usage } = await run(empty, statSync(empty).size);
      if (usage === undefined) throw new Error(`"${name}" of an empty image ended with ${end}, expected 0`);
      meter.#starts.set(name, usage);
    }
    return meter;
  }

  /** `without`: names of tasks to leave out. */
  async measure(path: string, without: readonly string[] = []): Promise<Measured[]> {
    const scratch = join(this.#folder, 'unpacked');
    mkdirSync(scratch);
    try {
      const image = unpackInto(scratch, path);
      const imageBytes = statSync(image).size;
      const all: Measured[] = [];
      for (const [task, run] of this.#tasks.filter(([name]) => !without.includes(name))) {
        const { end, usage } = await run(image, imageBytes);
        const start = this.#starts.get(task);
        const cost = usage === undefined || start === undefined ? undefined : aboveStart(usage, start);
        all.push({
          ...{ image: basename(path), imageBytes, task, end, isBroken: cost === undefined },
          ...(cost ?? { cpuSeconds: NaN, memoryBytes: NaN }),
        });
      }
      return all;
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
