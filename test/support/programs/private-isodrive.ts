// A daemon, mount points and scratch files of one test, with everything given back at its end whatever happened.
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PrivateDaemon } from '../../../scripts/support/private-daemon.js';
import { mustRun } from '../../../scripts/support/run-command.js';
import { readMountTable } from '../../../src/mount/mount-table.js';
import type { Methods, MountSummary } from '../../../src/protocol/messages.js';
import { ControlClient } from '../../../src/protocol/client.js';

const PROJECT = join(import.meta.dirname, '..', '..', '..');
/** Milliseconds to wait for what the kernel or the daemon ends on its own time. */
const PATIENCE = 5000;

export interface PrivateIsodriveOptions {
  /** User of the daemon; its folder is then made theirs. */
  readonly uid?: number;
  readonly gid?: number;
  /** Where the daemon's user finds the project (default: where it is). */
  readonly project?: string;
  /** Further environment of the daemon. */
  readonly env?: NodeJS.ProcessEnv;
}

export type TestMount = MountSummary & AsyncDisposable;

export class PrivateIsodrive implements AsyncDisposable {
  /** Scratch folder; removed at the end. */
  readonly folder: string;
  readonly daemon: PrivateDaemon;

  private constructor(folder: string, daemon: PrivateDaemon) {
    this.folder = folder;
    this.daemon = daemon;
  }

  /** Starts a daemon that meets no other. */
  static async start(options: PrivateIsodriveOptions = {}): Promise<PrivateIsodrive> {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-e2e-'));
    const home = join(folder, 'home');
    await mkdir(home, { mode: 0o700 });
    const { uid, gid } = options;
    await chmod(folder, 0o755);
    if (uid !== undefined) await mustRun('chown', ['-R', `${uid}:${gid ?? uid}`, folder]);
    const isodrive = new PrivateIsodrive(
      folder,
      new PrivateDaemon({ project: PROJECT, ...options, folder: home }),
    );
    try {
      await isodrive.daemon.start();
    } catch (error) {
      await isodrive[Symbol.asyncDispose]();
      throw error;
    }
    return isodrive;
  }

  /** A fresh, empty directory. */
  makeDirectory(name = 'mnt-'): Promise<string> {
    return mkdtemp(join(this.folder, name));
  }

  /** Mounts at a fresh directory through the control socket, which spares the command's start. Disposing unmounts. */
  async mount(image: string, params: Partial<Methods['mount']['params']> = {}): Promise<TestMount> {
    const directory = await this.makeDirectory();
    await using client = await this.connect();
    const { mount } = await client.call('mount', { image, directory, ...params });
    return { ...mount, [Symbol.asyncDispose]: () => this.unmount(mount.id) };
  }

  /** Unmounts mounts by id; throws when one cannot be. */
  async unmount(...ids: string[]): Promise<void> {
    await using client = await this.connect();
    const { failed } = await client.call('unmount', { targets: ids.map((name) => ({ name, paths: [] })) });
    if (failed.length > 0) throw new Error(`Cannot unmount: ${JSON.stringify(failed)}`);
  }

  connect(): Promise<ControlClient> {
    return ControlClient.connect(join(this.folder, 'home', 'isodrive', 'control.sock'));
  }

  /** Runs a node program that touches mounts; gives its stdout. Throws when it hangs or fails. */
  async runNode(program: string, args: readonly string[], timeout = 20_000): Promise<string> {
    return (await mustRun(process.execPath, [program, ...args], { timeout })).stdout.toString();
  }

  /** Mount points below the scratch folder that the kernel still has; `type` is how the mount's type must begin. */
  remainingMounts(type = ''): readonly string[] {
    return readMountTable()
      .filter((mount) => mount.directory.startsWith(`${this.folder}/`) && mount.type.startsWith(type))
      .map(({ directory }) => directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon.stop();
    for (const directory of this.remainingMounts()) await mustRun('umount', ['--lazy', directory]);
    await waitUntil(() => this.remainingMounts().length === 0);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Waits until `condition` holds; throws when it does not in time. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  patience: number = PATIENCE,
): Promise<void> {
  const end = performance.now() + patience;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Condition did not come true within ${patience} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
