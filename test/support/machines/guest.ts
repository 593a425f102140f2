// A virtual machine for what needs a kernel or hardware that the machine of the tests may not have: boots a Debian
// kernel under QEMU's emulation, with this machine's own root file system as its root (read-only over 9p, changes go
// to memory), so that node, the project and every tool are there. It needs no privilege, and ends with the process
// that started it.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Need } from '../needs.js';
import { waitUntil } from '../programs/private-isodrive.js';
import { writeGuestInit } from './guest-init.js';
import type { GuestInit } from './guest-init.js';
import { QmpClient } from './qmp.js';

const QEMU = 'qemu-system-x86_64';
/** What it takes; tests name what else theirs runs. */
export const GUEST_NEEDS = [
  'a kernel at ISODRIVE_GUEST_KERNEL',
  QEMU,
  'busybox',
  'cpio',
  'modprobe',
  'setpriv',
] as const satisfies readonly Need[];
/** Milliseconds: a boot takes some seconds, with systemd more, and a busy machine may take ten times as long. */
const TIME_LIMIT = 600_000;
/** Of a test, or of what prepares several, with a guest in it: so that the guest's own limit tells what it did. */
export const GUEST_TEST_TIME = TIME_LIMIT + 60_000;
/** Bytes of the console and of the output that a failure shows. */
const SHOWN_BYTES = 3000;

export interface GuestKernel {
  readonly image: string;
  /** What holds `kernel/` and `modules.dep`. */
  readonly modules: string;
}

export interface GuestOptions {
  /**
   * An existing folder that the guest sees at the same path; the only place where it and the host see each other's
   * changes. Must not lie in /dev, /proc, /run or /sys. Gets the files `console`, `output`, `status`, `script`.
   */
  readonly folder: string;
  /** Run by bash as root, with `folder` as its working directory; its end is the guest's. */
  readonly script: string;
  /** What is process 1 (default "script", which runs nothing else): systemd starts its basic.target first. */
  readonly init?: GuestInit;
  /** Gives the guest the address 10.0.2.15, and the host's loopback at 10.0.2.2 (default false). */
  readonly network?: boolean;
  /** Further arguments of QEMU: drives and devices. */
  readonly qemu?: readonly string[];
  /** MiB (default 1024). */
  readonly memory?: number;
  /** Milliseconds until it is killed (default 600,000). */
  readonly timeLimit?: number;
}

export interface GuestResult {
  /** Exit status of the script. */
  readonly status: number;
  /** What it wrote to standard output and standard error. */
  readonly output: string;
}

/** A kernel package of Debian unpacked at ISODRIVE_GUEST_KERNEL, or undefined. */
export function findGuestKernel(): GuestKernel | undefined {
  const folder = process.env.ISODRIVE_GUEST_KERNEL;
  if (folder === undefined || !existsSync(join(folder, 'boot'))) return undefined;
  const image = readdirSync(join(folder, 'boot')).find((name) => name.startsWith('vmlinuz'));
  const [version] = readdirSync(join(folder, 'lib', 'modules'));
  if (image === undefined || version === undefined) return undefined;
  return { image: join(folder, 'boot', image), modules: join(folder, 'lib', 'modules', version) };
}

export class Guest implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #qmp: QmpClient | undefined;

  private constructor(folder: string, child: ChildProcess, timeLimit: number) {
    this.#folder = folder;
    this.#child = child;
    const timer = setTimeout(() => child.kill('SIGKILL'), timeLimit);
    this.#ended = new Promise((resolve) => {
      child.once('close', () => {
        this.#hasEnded = true;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Rejects when QEMU cannot be started. */
  static async start(kernel: GuestKernel, options: GuestOptions): Promise<Guest> {
    const {
      folder,
      script,
      init = 'script',
      network = false,
      memory = 1024,
      timeLimit = TIME_LIMIT,
    } = options;
    const path = `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    await writeFile(join(folder, 'script'), `export PATH=${path} HOME=/root LANG=C.UTF-8\n${script}\n`);
    const initrd = await writeGuestInit({ modules: kernel.modules, folder, init, network });
    const share = (name: string, path: string, mode: string): string =>
      `local,id=${name},path=${path},mount_tag=${name},security_model=none,multidevs=remap,readonly=${mode}`;
    // With PR_SET_PDEATHSIG, so that a test that is killed leaves no machine behind.
    const child = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', QEMU, '-accel', 'tcg,tb-size=256', '-cpu', 'max', '-m', String(memory)],
        ...['-nodefaults', '-no-reboot', '-display', 'none', '-serial', `file:${join(folder, 'console')}`],
        ...['-kernel', kernel.image, '-initrd', initrd, '-append', 'console=ttyS0 panic=-1 quiet'],
        ...['-qmp', `unix:${join(folder, 'qmp')},server=on,wait=off`],
        ...['-virtfs', share('host', '/', 'on'), '-virtfs', share('folder', folder, 'off')],
        ...(network ? ['-nic', 'user,model=virtio-net-pci'] : []),
        ...(options.qemu ?? []),
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    const guest = new Guest(folder, child, timeLimit);
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return guest;
  }

  /** Starts one and waits for its end. */
  static async run(kernel: GuestKernel, options: GuestOptions): Promise<GuestResult> {
    await using guest = await Guest.start(kernel, options);
    return await guest.finish();
  }

  /** Waits until the script has made the file `name` in the folder. Rejects when the guest ends without it. */
  async reach(name: string, patience = TIME_LIMIT): Promise<void> {
    const isThere = (): boolean => existsSync(join(this.#folder, name));
    await waitUntil(() => this.#hasEnded || isThere(), patience);
    if (!isThere()) throw await this.#failure(`ended before it made "${name}"`);
  }

  /** A command to QEMU, such as `eject`. */
  async qmp(command: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    this.#qmp ??= await QmpClient.connect(join(this.#folder, 'qmp'));
    return this.#qmp.execute(command, parameters);
  }

  /** Resolves when the script has ended and the guest with it. Rejects when it ended in any other way. */
  async finish(): Promise<GuestResult> {
    await this.#ended;
    const status = await readFile(join(this.#folder, 'status'), 'latin1').catch(() => '');
    if (!/^\d+\n$/.test(status)) throw await this.#failure('ended before its script');
    return { status: Number(status), output: await readFile(join(this.#folder, 'output'), 'utf8') };
  }

  async #failure(what: string): Promise<Error> {
    const said = await Promise.all(
      ['console', 'output'].map(async (name) => {
        const text = await readFile(join(this.#folder, name), 'utf8').catch(() => '');
        return `${name}:\n${text.slice(-SHOWN_BYTES)}`;
      }),
    );
    return new Error(`Guest ${what}\n${said.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#qmp?.close();
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
