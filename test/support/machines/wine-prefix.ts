// A Wine prefix of a test's own, without a screen, and programs for it from C source.
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun, runCommand } from '../../../scripts/support/run-command.js';
import type { CommandResult } from '../../../scripts/support/run-command.js';

/** Milliseconds: making a prefix copies several hundred megabytes. */
const DEADLINE = 120_000;

/** Values to be there before any program starts, as Wine's own files write them: for the user, for the machine. */
export interface WineRegistry {
  readonly user?: string;
  readonly system?: string;
}

export class WinePrefix implements AsyncDisposable {
  /** Scratch folder, which holds the prefix as well; removed at the end. */
  readonly folder: string;
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;

  private constructor(folder: string) {
    this.folder = folder;
    this.path = join(folder, 'prefix');
    this.env = {
      ...process.env,
      WINEPREFIX: this.path,
      WINEDEBUG: '-all',
      HOME: folder,
      DISPLAY: '',
      TMPDIR: folder,
    };
  }

  /** A copy of the one that ISODRIVE_WINE_PREFIX names, or a new one, which takes much longer. */
  static async make(registry: WineRegistry = {}): Promise<WinePrefix> {
    const prefix = new WinePrefix(await mkdtemp(join(tmpdir(), 'isodrive-wine-')));
    const template = process.env.ISODRIVE_WINE_PREFIX ?? '';
    try {
      if (template !== '') {
        await mustRun('cp', ['-a', template, prefix.path]);
        // It names the folder of the template's server, and the copy gets one of its own.
        await rm(join(prefix.path, 'wineserver'), { force: true });
      } else {
        await prefix.run('wineboot', '--init');
        await prefix.waitForEnd();
      }
      await appendFile(join(prefix.path, 'user.reg'), registry.user ?? '');
      await appendFile(join(prefix.path, 'system.reg'), registry.system ?? '');
      return prefix;
    } catch (thrown) {
      await prefix[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  run(program: string, ...args: string[]): Promise<CommandResult> {
    return runCommand('wine', [program, ...args], { env: this.env, timeout: DEADLINE });
  }

  /** Waits until no program of Windows runs. */
  async waitForEnd(): Promise<void> {
    await mustRun('wineserver', ['-w'], { env: this.env, timeout: DEADLINE });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runCommand('wineserver', ['-k'], { env: this.env });
    await this.waitForEnd();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Compiles one source file for 64-bit Windows. */
export async function compileForWindows(source: string, output: string, ...more: string[]): Promise<string> {
  await mustRun('x86_64-w64-mingw32-gcc', ['-O1', '-static', '-o', output, source, ...more]);
  return output;
}
