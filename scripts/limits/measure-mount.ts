// What a mount and a walk of all that is in it cost the daemon, which is a private one. Its peak of memory is set back
// before each (proc_pid_clear_refs), so that one daemon measures many images.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IsodriveError } from '../../src/base/error.js';
import type { DriverName } from '../../src/options/driver-names.js';
import { ControlClient } from '../../src/protocol/client.js';
import { PrivateDaemon } from '../support/private-daemon.js';
import type { CommandEnd } from './measure-command.js';

/** Of the times in /proc/PID/stat (USER_HZ, which is 100 on all architectures that Node runs on). */
const TICKS_A_SECOND = 100;
/** Sets the peak of resident memory back to what is resident. */
const RESET_PEAK = '5';
/** Milliseconds for a mount, and for a walk, that wait and use no processor. */
const HANG = 1_800_000;
/** Milliseconds until what a reader goes on with after the walk counts for the next image. */
const REST = 200;

export class MeasuredDaemon {
  readonly #daemon: PrivateDaemon;
  readonly #folder: string;
  #pid: number;

  private constructor(daemon: PrivateDaemon, folder: string, pid: number) {
    this.#daemon = daemon;
    this.#folder = folder;
    this.#pid = pid;
  }

  static async start(project: string, folder: string): Promise<MeasuredDaemon> {
    const daemon = new PrivateDaemon({ project, folder: join(folder, 'daemon') });
    await daemon.start();
    return new MeasuredDaemon(daemon, folder, (await daemon.status()).pid);
  }

  /** Mounts, lists every entry with its attributes, and unmounts. A refusal of the image is a good end. */
  async measure(image: string, driver: DriverName): Promise<CommandEnd> {
    const directory = join(this.#folder, 'mount');
    mkdirSync(directory);
    writeFileSync(`/proc/${this.#pid}/clear_refs`, RESET_PEAK);
    const before = this.#cpuSeconds();
    let end: string;
    try {
      end = await this.#mountAndWalk(image, directory, driver);
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError)) throw thrown;
      end = thrown.code;
    }
    const usage = { cpuSeconds: this.#cpuSeconds() - before, peakBytes: this.#peakBytes() };
    rmdirSync(directory);
    return { end, usage };
  }

  async #mountAndWalk(image: string, directory: string, driver: DriverName): Promise<string> {
    await using client = await ControlClient.connect(
      join(this.#folder, 'daemon', 'isodrive', 'control.sock'),
    );
    const params = { image, directory, driver, new: true };
    const { mount } = await client.call('mount', params, { deadline: HANG });
    // A size is asked for, so that every entry's attributes are; names would not need them.
    const walk = spawn('find', [directory, '-size', '-0'], {
      stdio: 'ignore',
      timeout: HANG,
      killSignal: 'SIGKILL',
    });
    const [status, signal] = (await once(walk, 'exit')) as [number | null, NodeJS.Signals | null];
    await sleep(REST);
    await client.call('unmount', { targets: [{ name: mount.id, paths: [] }] }, { deadline: HANG });
    return signal ?? String(status);
  }

  #cpuSeconds(): number {
    const text = readFileSync(`/proc/${this.#pid}/stat`, 'utf8');
    // After the name, which may hold anything: state is field 3, utime and stime are 14 and 15.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
  }

  #peakBytes(): number {
    const peak = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${this.#pid}/status`, 'utf8'));
    return Number(peak?.[1] ?? NaN) * 1024;
  }

  stop(): Promise<void> {
    return this.#daemon.stop();
  }
}
