// A daemon of our own: socket, logs and state in one folder, so that neither benchmark nor tests meet the user's.
// Everything goes through scripts/isodrive, as a person would.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandOptions, CommandResult } from './run-command.js';
import { mustRun, runCommand } from './run-command.js';

export interface PrivateDaemonOptions {
  /** Project root, which holds scripts/isodrive. */
  readonly project: string;
  /** Folder for everything the daemon writes; created, and removed again by `stop`. */
  readonly folder: string;
  /** Further environment of the command and of the daemon that it starts. */
  readonly env?: NodeJS.ProcessEnv;
  /** User to run as; this process's own where absent. */
  readonly uid?: number;
  readonly gid?: number;
}

export class PrivateDaemon {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #options: PrivateDaemonOptions;

  constructor(options: PrivateDaemonOptions) {
    const { folder, project } = options;
    this.#options = options;
    this.program = join(project, 'scripts', 'isodrive');
    this.env = {
      ...process.env,
      HOME: folder,
      XDG_RUNTIME_DIR: folder,
      XDG_STATE_HOME: join(folder, 'state'),
      XDG_CACHE_HOME: join(folder, 'cache'),
      XDG_CONFIG_HOME: join(folder, 'config'),
      ...options.env,
    };
  }

  /** Starts it, so that no later measurement includes its start. */
  async start(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    await this.must('daemon', 'start');
  }

  /** Runs the command line against this daemon. */
  run(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand(this.program, args, { ...this.#identity(), env: this.env, ...options });
  }

  /** Like `run`, but rejects unless it ends with 0; gives stdout. */
  async must(...args: string[]): Promise<string> {
    const { stdout } = await mustRun(this.program, args, { ...this.#identity(), env: this.env });
    return stdout.toString();
  }

  /** What `status --json` says. */
  async status(): Promise<{ pid: number; [key: string]: unknown }> {
    return JSON.parse(await this.must('status', '--json')) as { pid: number };
  }

  /** Unmounts everything, ends the daemon and removes its folder. Does not reject when no daemon runs. */
  async stop(): Promise<void> {
    await this.run(['unmount', '--all', '--lazy']);
    await this.run(['daemon', 'stop']);
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  #identity(): { uid?: number; gid?: number } {
    const { uid, gid } = this.#options;
    return { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
  }
}
