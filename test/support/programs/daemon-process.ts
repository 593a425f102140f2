// A daemon as a child of the test, on a socket of its own: for tests of its life and of its protocol, byte by byte.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ControlClient } from '../../../src/protocol/client.js';
import { DAEMON_NODE_OPTIONS, daemonProgram } from '../../../src/protocol/start-daemon.js';
import { mustRun } from '../../../scripts/support/run-command.js';
import { readMountTable } from '../../../src/mount/mount-table.js';

/**
 * A small real disc with Rock Ridge, from libcdio's tests: label "Rock Ridge Copy test", a 17992-byte file, links and
 * devices.
 */
export const SMALL_IMAGE = join(import.meta.dirname, '..', '..', 'corpus', 'ok', 'copying-rr.iso');

export interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

export class DaemonProcess implements AsyncDisposable {
  readonly folder: string;
  readonly socketPath: string;
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stderr = '';

  private constructor(folder: string, socketPath: string, args: readonly string[]) {
    this.folder = folder;
    this.socketPath = socketPath;
    const log = join(folder, 'log');
    this.child = spawn(
      process.execPath,
      [...DAEMON_NODE_OPTIONS, daemonProgram(), '--socket', socketPath, '--log', log, ...args],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: folder } },
    );
    this.child.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.ended = new Promise((resolve) =>
      this.child.once('close', (code) => resolve({ code, stderr: this.#stderr })),
    );
  }

  /** Starts a daemon in a folder of its own, or in one that is given, and waits until it listens or ends. */
  static async start(folder?: string): Promise<DaemonProcess> {
    const own = folder ?? (await realpath(await mkdtemp(join(tmpdir(), 'isodrive-daemon-'))));
    const daemon = new DaemonProcess(own, join(own, 'control.sock'), []);
    while (daemon.child.exitCode === null) {
      try {
        await using client = await daemon.connect();
        if ((await client.call('version', {})).pid === daemon.child.pid) break;
      } catch {
        // Not yet listening.
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return daemon;
  }

  connect(): Promise<ControlClient> {
    return ControlClient.connect(this.socketPath);
  }

  /** A bare connection, and the messages that come over it. */
  connectRaw(): { socket: Socket; next: () => Promise<unknown> } {
    const socket = connect({ path: this.socketPath, allowHalfOpen: true });
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    const next = async (): Promise<unknown> => {
      const { value, done } = (await lines.next()) as IteratorResult<string, undefined>;
      return done === true ? undefined : (JSON.parse(value) as unknown);
    };
    return { socket, next };
  }

  async kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }

  /** Mount points below the folder that the kernel still has. */
  mountPoints(): string[] {
    const table = readMountTable();
    return table.map(({ directory }) => directory).filter((path) => path.startsWith(`${this.folder}/`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGTERM');
    for (const path of this.mountPoints()) await mustRun('umount', ['--lazy', path]);
    await rm(this.folder, { recursive: true, force: true });
  }
}
