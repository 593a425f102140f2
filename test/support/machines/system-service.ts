// A system service of the test's own, and users who are nobody on this machine: their files, sockets and connections
// are made with their ids by this process, which is root, so that the kernel vouches for them as for any user.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { mustRun } from '../../../scripts/support/run-command.js';
import { openDirectory } from '../../../src/mount/open-directory.js';
import { readMountTable } from '../../../src/mount/mount-table.js';
import { ControlClient, openSocket } from '../../../src/protocol/client.js';
import type { MountParams, MountResult, PassedName } from '../../../src/protocol/messages.js';
import { DAEMON_NODE_OPTIONS, daemonProgram, keeperProgram } from '../../../src/protocol/start-daemon.js';
import { waitUntil } from '../programs/private-isodrive.js';
import { hasEnded } from '../programs/has-ended.js';

export interface SystemServiceOptions {
  /** The table; the defaults where absent. */
  readonly policy?: object;
  /** Under isodrive-keeper. */
  readonly isKept?: boolean;
  /** Names of those that it may have at most, as setpriv takes them; all where absent. */
  readonly capabilities?: readonly string[];
}

export class SystemService implements AsyncDisposable {
  readonly folder: string;
  readonly socketPath: string;
  readonly #command: readonly string[];
  #child: ChildProcess;

  private constructor(folder: string, command: readonly string[]) {
    this.folder = folder;
    this.socketPath = join(folder, 'run', 'control.sock');
    this.#command = command;
    this.#child = this.#spawn();
  }

  static async start(options: SystemServiceOptions = {}): Promise<SystemService> {
    const { policy = {}, isKept = false, capabilities } = options;
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'isodrive-system-')));
    await chmod(folder, 0o755);
    const policyPath = join(folder, 'policy.json');
    await writeFile(policyPath, JSON.stringify(policy), { mode: 0o644 });
    const service = new SystemService(folder, [
      ...(capabilities === undefined
        ? []
        : [
            'setpriv',
            '--no-new-privs',
            `--bounding-set=-all,${capabilities.map((one) => `+${one}`).join()}`,
          ]),
      ...(isKept ? [keeperProgram()] : []),
      ...[process.execPath, ...DAEMON_NODE_OPTIONS, daemonProgram(), '--system', '--policy', policyPath],
      ...['--socket', join(folder, 'run', 'control.sock'), '--log', join(folder, 'log')],
    ]);
    try {
      await service.#wait();
    } catch (thrown) {
      await service[Symbol.asyncDispose]();
      throw thrown;
    }
    return service;
  }

  #spawn(): ChildProcess {
    const [program, ...args] = this.#command;
    return spawn(program!, args, { stdio: 'ignore', env: { ...process.env, HOME: this.folder } });
  }

  #wait(): Promise<void> {
    return waitUntil(() => this.#answers(), 20_000);
  }

  /** Starts it again, after the daemon and what kept it were killed. */
  async restart(): Promise<void> {
    const pid = await this.pid();
    this.#child.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => hasEnded(pid));
    this.#child = this.#spawn();
    await this.#wait();
  }

  async #answers(): Promise<boolean> {
    try {
      await this.pid();
      return true;
    } catch {
      return false;
    }
  }

  /** Of the daemon, whoever started it. */
  async pid(): Promise<number> {
    await using client = await ControlClient.connect(this.socketPath);
    return (await client.call('version', {}, { deadline: 10_000 })).pid;
  }

  user(uid: number): TestUser {
    return new TestUser(this, uid);
  }

  log(): Promise<string> {
    return readFile(join(this.folder, 'log'), 'utf8');
  }

  mountPoints(): string[] {
    const table = readMountTable();
    return table.map(({ directory }) => directory).filter((path) => path.startsWith(`${this.folder}/`));
  }

  /** Files, directories, devices and sockets that the daemon has open; not what its threads have for themselves. */
  async openFiles(): Promise<readonly string[]> {
    const folder = `/proc/${await this.pid()}/fd`;
    const places = readdirSync(folder).map((name) => {
      try {
        return readlinkSync(join(folder, name));
      } catch {
        return 'pipe:';
      }
    });
    const kept = places.filter((place) => !/^pipe:|^anon_inode:|\.js(on)?$/u.test(place));
    return kept.map((place) => place.replace(/^socket:.*$/u, 'socket')).sort();
  }

  /** What it has open beyond `before`. */
  async openedSince(before: readonly string[]): Promise<readonly string[]> {
    const rest = [...before];
    return (await this.openFiles()).filter((place) => {
      const found = rest.indexOf(place);
      if (found >= 0) rest.splice(found, 1);
      return found < 0;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    const isRunning = exitCode === null && signalCode === null;
    if (isRunning) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    for (const path of this.mountPoints()) await mustRun('umount', ['--lazy', path]);
    await rm(this.folder, { recursive: true, force: true });
    if (!isRunning) throw new Error(`Service has ended by itself: ${signalCode ?? exitCode}`);
  }
}

/** What a user does is done with their ids; between that, this process is root again. */
export class TestUser {
  readonly uid: number;
  readonly home: string;
  readonly #service: SystemService;

  constructor(service: SystemService, uid: number) {
    this.#service = service;
    this.uid = uid;
    this.home = join(service.folder, `home-${uid}`);
    mkdirSync(this.home, { recursive: true });
    chmodSync(this.home, 0o700);
    chownSync(this.home, uid, uid);
  }

  /** Runs what is synchronous as this user. */
  act<T>(task: () => T): T {
    const groups = process.getgroups!();
    process.setgroups!([]);
    process.setegid!(this.uid);
    process.seteuid!(this.uid);
    try {
      return task();
    } finally {
      process.seteuid!(0);
      process.setegid!(0);
      process.setgroups!(groups);
    }
  }

  /** Each try to connect is this user's: where a service has no room for one, the next is made in a later turn. */
  connect(): Promise<ControlClient> {
    return ControlClient.connect(this.#service.socketPath, (path) => this.act(() => openSocket(path)));
  }

  /** A copy of an image, which only this user can read. */
  async own(image: string, name = 'disc.iso'): Promise<string> {
    const path = join(this.home, name);
    await copyFile(image, path);
    await chmod(path, 0o600);
    chownSync(path, this.uid, this.uid);
    return path;
  }

  makeDirectory(name = 'mnt'): string {
    const path = join(this.home, name);
    this.act(() => mkdirSync(path));
    return path;
  }

  /** Opens as this user, passes, mounts; `beside` in `more` are files in the folder of the image. */
  async mount(image: string, directory: string, more: Partial<MountParams> = {}): Promise<MountResult> {
    const beside = (more.beside ?? []).map((name) => join(dirname(image), name));
    const opened = this.act(() => [
      openSync(image, 'r'),
      openDirectory(directory),
      ...beside.map((path) => openSync(path, 'r')),
    ]);
    try {
      return await this.pass(['image', 'directory'], opened, { image, ...more });
    } finally {
      opened.forEach(closeSync);
    }
  }

  async pass(
    names: readonly PassedName[],
    descriptors: readonly number[],
    params: MountParams,
  ): Promise<MountResult> {
    await using client = await this.connect();
    return await client.call('mount', { ...params, descriptors: names }, { descriptors, deadline: 20_000 });
  }

  async list(): Promise<readonly string[]> {
    await using client = await this.connect();
    return (await client.call('list', {})).mounts.map(({ id }) => id);
  }

  async unmount(name: string, options: { lazy?: boolean } = {}): Promise<string | undefined> {
    await using client = await this.connect();
    const { failed } = await client.call('unmount', {
      targets: [{ name, paths: name.startsWith('/') ? [name] : [] }],
      ...options,
    });
    return failed[0]?.error.message;
  }

  /** Content, or the message of what refuses it; by a process of their own, as FUSE looks at all its ids. */
  async read(path: string): Promise<string> {
    const options = { uid: this.uid, gid: this.uid, timeout: 20_000 };
    try {
      return (await promisify(execFile)('cat', ['--', path], options)).stdout;
    } catch (thrown) {
      return (thrown as { stderr?: string }).stderr ?? String(thrown);
    }
  }

  /** Keeps a file open, in a process of their own; gives what ends that. */
  async hold(path: string): Promise<() => Promise<void>> {
    const child = spawn('/bin/sh', ['-c', 'exec 3< "$1"; echo; exec sleep 60', 'sh', path], {
      ...{ uid: this.uid, gid: this.uid, stdio: ['ignore', 'pipe', 'ignore'] },
    });
    await once(child.stdout, 'data');
    return async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
    };
  }
}
