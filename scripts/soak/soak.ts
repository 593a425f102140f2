// A soak's ground: a private daemon with its folders, the mounts that must stay, and their readers. Events work on it.
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IsodriveError } from '../../src/base/error.js';
import { DRIVER_NAMES } from '../../src/options/driver-names.js';
import type { DriverName } from '../../src/options/driver-names.js';
import { ControlClient } from '../../src/protocol/client.js';
import type { DaemonStatus, MethodName, Methods, MountSummary } from '../../src/protocol/messages.js';
import { readMountTable } from '../../src/mount/mount-table.js';
import { PrivateDaemon } from '../support/private-daemon.js';
import { readProcessorDelay } from './processor-delay.js';
import type { SoakImage, SoakImages, SoakSay } from './soak-images.js';
import { ReaderTotals, SoakReader } from './soak-reader.js';
import type { Fault } from './soak-reader.js';

/** Milliseconds within which whatever was disturbed has to go on; processors are shared. */
export const PATIENCE = 60_000;
/** Milliseconds that others may be held up by what hangs beside them, besides waiting for a processor. */
const PROMPTNESS = 2000;
/** Operations after which a reader has gone on: what was under way before is among the first. */
const PROGRESS = 3;
const LOOK_EVERY = 50;
const CALL_DEADLINE = 20_000;

/** What is seen of a mount that is away: its connection is gone, or the empty directory below it is there. */
const AWAY: readonly Fault[] = ['ENOTCONN', 'ECONNABORTED', 'EIO', 'ENOENT', 'EMPTY', 'SIGBUS'];

export interface SoakMount {
  readonly summary: MountSummary;
  readonly image: SoakImage;
  readonly reader: SoakReader;
}

export interface SoakPlaces {
  /** Project root, which holds scripts/isodrive. */
  readonly project: string;
  /** For everything that the soak makes. */
  readonly folder: string;
  readonly readerProgram: string;
  readonly images: SoakImages;
  readonly from: string | undefined;
  readonly say: SoakSay;
}

export class Soak {
  readonly project: string;
  readonly folder: string;
  /** Where the daemon, and what it starts, makes temporary files. */
  readonly temporary: string;
  /** Socket and journal; and log. Each is a small disk of its own where that can be made. */
  readonly runtimeFolder: string;
  readonly logFolder: string;
  /** Metadata of mounts of the kernel, which is on the disk that all else is on. */
  readonly metadataFolder: string;
  readonly images: SoakImages;
  readonly from: string | undefined;
  readonly say: SoakSay;
  readonly daemon: PrivateDaemon;
  /** Those that mount here. */
  readonly drivers: DriverName[] = [];
  /** Those that must stay, whatever happens. */
  readonly mounts: SoakMount[] = [];
  /** What readers that have ended did, by their names. */
  readonly totals = new Map<string, ReaderTotals>();
  readonly #readerProgram: string;
  readonly #scratch: string[] = [];
  #seed = 0;

  constructor(places: SoakPlaces) {
    const { project, folder, images, from, say, readerProgram } = places;
    this.project = project;
    this.folder = folder;
    this.images = images;
    this.from = from;
    this.say = say;
    this.#readerProgram = readerProgram;
    const home = join(folder, 'home');
    this.temporary = join(folder, 'temporary');
    this.runtimeFolder = join(home, 'isodrive');
    this.logFolder = join(home, 'state', 'isodrive');
    this.metadataFolder = join(home, 'metadata');
    this.daemon = new PrivateDaemon({ project, folder: home, env: this.environment(home) });
  }

  /** Of a daemon with its home there. */
  environment(home: string): NodeJS.ProcessEnv {
    return {
      ISODRIVE_SOCKET: join(home, 'isodrive', 'control.sock'),
      TMPDIR: this.temporary,
    };
  }

  isRoot(): boolean {
    return process.getuid?.() === 0;
  }

  connect(): Promise<ControlClient> {
    return ControlClient.connect(join(this.runtimeFolder, 'control.sock'));
  }

  /** A call that is cut off by the end of a daemon is made again, as a user would. */
  async call<M extends MethodName>(method: M, params: Methods[M]['params']): Promise<Methods[M]['result']> {
    const end = performance.now() + PATIENCE;
    for (;;) {
      try {
        await using client = await this.connect();
        return await client.call(method, params, { deadline: CALL_DEADLINE });
      } catch (thrown) {
        const isCutOff = thrown instanceof IsodriveError && thrown.code === 'daemon-unreachable';
        if (!isCutOff || performance.now() > end) throw thrown;
      }
      await sleep(LOOK_EVERY);
    }
  }

  status(): Promise<DaemonStatus> {
    return this.call('status', {});
  }

  async daemonPid(): Promise<number> {
    return (await this.call('version', {})).pid;
  }

  async keeperPid(): Promise<number> {
    return parentOf(await this.daemonPid());
  }

  /** Ends a process that we know, and waits until it has ended. */
  async kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    process.kill(pid, signal);
    await this.waitUntil(() => hasEnded(pid), `process ${pid} ends by ${signal}`);
  }

  async waitUntil(
    condition: () => boolean | Promise<boolean>,
    what: string,
    patience: number = PATIENCE,
  ): Promise<void> {
    const end = performance.now() + patience;
    while (!(await condition())) {
      if (performance.now() > end) throw new Error(`Waited ${patience / 1000} s, expected that ${what}`);
      await sleep(LOOK_EVERY);
    }
  }

  async makeDirectory(name = 'mount-'): Promise<string> {
    const path = await mkdtemp(join(this.folder, name));
    this.#scratch.push(path);
    return path;
  }

  /** Removes the directories that were made since the last time, but for those on which something is mounted. */
  async removeScratch(): Promise<void> {
    const mounted = readMountTable().map(({ directory }) => `${directory}/`);
    for (const path of this.#scratch.splice(0)) {
      if (mounted.some((directory) => directory.startsWith(`${path}/`))) continue;
      await rm(path, { recursive: true, force: true });
    }
  }

  /** A copy of the small image, to be mounted and broken. */
  async copyImage(): Promise<SoakImage> {
    const folder = await this.makeDirectory('image-');
    const path = join(folder, 'disc.iso');
    await copyFile(this.images.small.path, path);
    return { ...this.images.small, name: 'copy', path };
  }

  async mount(image: string, params: Partial<Methods['mount']['params']> = {}): Promise<MountSummary> {
    const directory = await this.makeDirectory();
    return (await this.call('mount', { image, directory, new: true, ...params })).mount;
  }

  /** Gives who had copies of it. */
  async unmount(
    id: string,
    lazy = false,
  ): Promise<Methods['unmount']['result']['unmounted'][number] | undefined> {
    const { failed, unmounted } = await this.call('unmount', { targets: [{ name: id, paths: [] }], lazy });
    if (failed.length > 0) throw new Error(`Cannot unmount ${id}: ${JSON.stringify(failed)}`);
    return unmounted[0];
  }

  read(name: string, root: string, image: SoakImage, limit?: number): SoakReader {
    this.#seed += 1;
    return new SoakReader({
      ...{ program: this.#readerProgram, name, root, manifest: image.manifest, seed: this.#seed * 7919 },
      ...(limit === undefined ? {} : { limit }),
    });
  }

  /** Stops a reader of an event, whose failures count as those of all others. */
  async retire(reader: SoakReader): Promise<void> {
    await reader.stop();
    const total = this.totals.get(reader.name) ?? new ReaderTotals();
    total.add(reader);
    this.totals.set(reader.name, total);
  }

  /** Reads a mount for a while; throws when something of it is not right. */
  async readSome(name: string, root: string, image: SoakImage, operations = 25): Promise<void> {
    const reader = this.read(name, root, image, operations);
    try {
      await Promise.race([
        reader.ended,
        sleep(PATIENCE, undefined, { ref: false }).then(() => {
          throw new Error(`Reader of ${name} did not end within ${PATIENCE / 1000} s`);
        }),
      ]);
    } finally {
      await this.retire(reader);
    }
  }

  /** Allows readers of mounts that a daemon serves to meet mounts that are away. */
  allowAway(mounts: readonly SoakMount[] = this.mounts): () => void {
    const served = mounts.filter(({ summary }) => summary.driver !== 'erofs');
    const ends = served.map(({ reader }) => reader.allow(...AWAY));
    return () => ends.forEach((end) => end());
  }

  /** What no event has healed is a failure from now on. */
  endAllowances(): void {
    for (const { reader } of this.mounts) reader.endAllowances();
  }

  /** Waits until every reader has gone on. */
  async waitForProgress(
    readers: readonly SoakReader[] = this.mounts.map(({ reader }) => reader),
  ): Promise<void> {
    const wanted = readers.map((reader) => [reader, reader.operations + PROGRESS] as const);
    const waiting = (): string =>
      wanted
        .filter(([reader, count]) => reader.operations < count)
        .map(([{ name }]) => name)
        .join(', ');
    await this.waitUntil(() => waiting() === '', 'all readers go on').catch((thrown: unknown) => {
      throw new Error(`${(thrown as Error).message}; found none of ${waiting()}`);
    });
  }

  /**
   * Whatever happens until the function that is given is called must hold nobody up: it throws when somebody was held
   * up for longer than PROMPTNESS and the time that reader and daemon waited for a processor.
   */
  async expectPrompt(): Promise<() => void> {
    const daemon = await this.daemonPid();
    const delays = this.mounts.map(({ reader }) => [reader, delayOf(daemon, reader)] as const);
    for (const { reader } of this.mounts) reader.mark();
    return () => {
      for (const [reader, before] of delays) {
        // A process that has ended since has no count any more.
        const delay = Math.max(0, Math.round(delayOf(daemon, reader) - before));
        const pause = reader.longestPause;
        if (pause <= PROMPTNESS + delay) continue;
        const found = `${reader.name} was held up for ${pause} ms`;
        throw new Error(`${found}, expected ${PROMPTNESS} ms and ${delay} ms that no processor was free`);
      }
    };
  }

  /** Waits until daemon and mounts are as they were before: nothing less, nothing more, all in order. */
  async expectOrder(): Promise<void> {
    const expected = this.mounts
      .map(({ summary }) => `${summary.id} ${summary.mountPoint} ok`)
      .sort()
      .join('\n');
    let found = '';
    let keeper = '';
    await this.waitUntil(async () => {
      const status = await this.status();
      keeper = status.keeper ?? '';
      found = status.mounts
        .map(({ id, mountPoint, state }) => `${id} ${mountPoint} ${state}`)
        .sort()
        .join('\n');
      return found === expected && keeper === 'alive';
    }, 'status is in order').catch((thrown: unknown) => {
      throw new Error(
        `${(thrown as Error).message}; keeper "${keeper}", mounts:\n${found}\nexpected:\n${expected}`,
      );
    });
    await this.waitForProgress();
  }

  /** Tries all drivers, and says which do not mount here. */
  async findDrivers(): Promise<void> {
    for (const driver of DRIVER_NAMES) {
      try {
        await this.unmount((await this.mount(this.images.small.path, { driver })).id);
        this.drivers.push(driver);
      } catch (thrown) {
        this.say(`driver ${driver} does not mount here: ${(thrown as Error).message}`);
      }
    }
  }
}

/**
 * Milliseconds that whoever a read goes through has waited for a processor, this process included, which hears of
 * it.
 */
function delayOf(daemon: number, reader: SoakReader): number {
  return [daemon, reader.pid, process.pid].reduce((sum, pid) => sum + readProcessorDelay(pid), 0);
}

export async function parentOf(pid: number): Promise<number> {
  return Number(/^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]);
}

/** One that nobody has waited for yet has ended too. */
export function hasEnded(pid: number): boolean {
  try {
    return /^.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
