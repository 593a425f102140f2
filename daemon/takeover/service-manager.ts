// The daemon's end of what runs it, systemd or isodrive-keeper: descriptors that are kept for its successor
// (sd_pid_notify_with_fds(3)), and those that were kept or opened for it (sd_listen_fds(3)). Where nothing runs it, all
// of this does nothing.
import { closeSync } from 'node:fs';
import { loadAddon } from '../../native/index.js';
import { readProcessState } from '../../src/base/process-state.js';
import type { DaemonProgram, KeeperState } from '../../src/protocol/messages.js';

/** First descriptor that is handed over (SD_LISTEN_FDS_START). */
const FIRST_DESCRIPTOR = 3;
/** Descriptors that are taken at most: more than any keeper holds. */
const MAX_DESCRIPTORS = 8192;

/** Messages that wait for a keeper which takes none: what a thousand mounts have to say. */
const MAX_WAITING = 8192;
/** Milliseconds after which they are tried again. */
const RETRY_INTERVAL = 50;
/** The socket that isodrive-keeper hands over to speak to it. */
const KEEPER_NAME = 'keeper';

/** Signs of life within the time in which one is due. */
const WATCHDOG_FEEDS = 3;

const VARIABLES = [
  'NOTIFY_SOCKET',
  'LISTEN_PID',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
] as const;

type Environment = Record<string, string | undefined>;

interface Message {
  readonly text: string;
  readonly descriptors: readonly number[];
}

export class ServiceManager {
  /** Whether somebody starts a successor, with the descriptors, should this process die. */
  readonly isPresent: boolean;
  /** Microseconds within which a sign of life is due (WATCHDOG_USEC); undefined where nobody waits for one. */
  readonly watchdog: number | undefined;
  /** Called when the service manager cannot be spoken to. */
  onFault: (error: unknown) => void = () => undefined;
  readonly #socket: string | number | undefined;
  readonly #held: Map<string, number>;
  /** Who started us, unless it has died: the kernel then gives us another parent. */
  readonly #parent = process.ppid;
  /** What the keeper had no room for, in order, with copies of its descriptors. */
  readonly #waiting: Message[] = [];
  #retry: NodeJS.Timeout | undefined;

  /** `socket`: a path, or a descriptor that is connected. */
  constructor(socket?: string | number, held = new Map<string, number>(), watchdog?: number) {
    this.#socket = socket;
    this.#held = held;
    this.isPresent = socket !== undefined;
    this.watchdog = watchdog;
  }

  /** Takes its variables out of the environment, so that no child takes them for its own. */
  static fromEnvironment(environment: Environment = process.env): ServiceManager {
    const { NOTIFY_SOCKET, LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, WATCHDOG_PID, WATCHDOG_USEC } =
      environment;
    for (const name of VARIABLES) Reflect.deleteProperty(environment, name);
    const own = String(process.pid);
    const held = LISTEN_PID === own ? nameDescriptors(LISTEN_FDS, LISTEN_FDNAMES) : undefined;
    const isWatched = WATCHDOG_USEC !== undefined && (WATCHDOG_PID ?? own) === own;
    const period = Number(WATCHDOG_USEC);
    const keeper = held?.get(KEEPER_NAME);
    held?.delete(KEEPER_NAME);
    return new ServiceManager(
      keeper ?? (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '' ? undefined : NOTIFY_SOCKET),
      held,
      isWatched && period > 0 ? period : undefined,
    );
  }

  /** Whether who runs us can start a successor: what is stopped or gone cannot, and the mounts would hang or end. */
  get state(): KeeperState {
    if (!this.isPresent) return 'none';
    if (process.ppid !== this.#parent) return 'gone';
    return /^[Tt]/u.test(readProcessState(this.#parent)?.state ?? '') ? 'stopped' : 'alive';
  }

  /** NOTIFY_SOCKET of systemd; undefined where isodrive-keeper, or nobody, runs us. */
  get notifySocket(): string | undefined {
    return typeof this.#socket === 'string' ? this.#socket : undefined;
  }

  /** The descriptor of that name, which is the caller's from now on. */
  take(name: string): number | undefined {
    const descriptor = this.#held.get(name);
    this.#held.delete(name);
    return descriptor;
  }

  /** Names and descriptors that nobody has taken yet, to look at. */
  get held(): readonly (readonly [name: string, descriptor: number])[] {
    return [...this.#held];
  }

  /** Closes, in the background, and gives up what nobody has taken. */
  dropRest(): void {
    for (const [name, descriptor] of this.#held) {
      loadAddon().closeDescriptors([descriptor]);
      this.forget(name);
    }
    this.#held.clear();
  }

  /** Keeps a copy of the descriptor for a successor, in the place of one of the same name. */
  keep(name: string, descriptor: number): void {
    // FDPOLL=0: systemd would otherwise drop /dev/fuse when it reports an error, as it does while nobody serves it.
    this.#send(`FDSTORE=1\nFDNAME=${name}\nFDPOLL=0`, [descriptor]);
  }

  forget(name: string): void {
    this.#send(`FDSTOREREMOVE=1\nFDNAME=${name}`);
  }

  ready(): void {
    this.#send('READY=1');
  }

  /** The program that the successor is to be, and what runs it; whoever knows no such names starts this one again. */
  nameSuccessor({ executable, program }: DaemonProgram): void {
    this.#send(`EXECUTABLE=${executable}\nPROGRAM=${program}`);
  }

  stopping(): void {
    this.#send('STOPPING=1');
  }

  /** Feeds the watchdog as long as the event loop turns and `isServing`, which is asked each time, holds. */
  startWatchdog(isServing: () => boolean): void {
    if (this.watchdog === undefined) return;
    // A sign of life that is late is of no use.
    const feed = (): void =>
      isServing() && this.#waiting.length === 0 ? this.#send('WATCHDOG=1') : undefined;
    setInterval(feed, this.watchdog / 1000 / WATCHDOG_FEEDS).unref();
  }

  /** Never waits for who receives it: what does not go now goes later, in its order. */
  #send(text: string, descriptors: readonly number[] = []): void {
    if (this.#socket === undefined) return;
    try {
      const message = { text, descriptors };
      if (this.#waiting.length === 0 && this.#trySend(message)) return;
      if (this.#waiting.length >= MAX_WAITING)
        throw new Error(`Service manager takes no messages, and ${MAX_WAITING} wait`);
      const addon = loadAddon();
      this.#waiting.push({ text, descriptors: descriptors.map((one) => addon.duplicateDescriptor(one)) });
      this.#retry ??= setInterval(() => this.#sendWaiting(), RETRY_INTERVAL).unref();
    } catch (thrown) {
      this.onFault(thrown);
    }
  }

  #sendWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        if (!this.#trySend(next)) return;
      } catch (thrown) {
        this.onFault(thrown);
      }
      next.descriptors.forEach(closeSync);
      this.#waiting.shift();
    }
    clearInterval(this.#retry);
    this.#retry = undefined;
  }

  #trySend({ text, descriptors }: Message): boolean {
    return this.#socket === undefined || loadAddon().notify(this.#socket, text, descriptors);
  }
}

function nameDescriptors(count: string | undefined, names: string | undefined): Map<string, number> {
  const total = Math.min(Number(count ?? 0) || 0, MAX_DESCRIPTORS);
  const given = (names ?? '').split(':');
  return new Map(
    Array.from({ length: total }, (_, i) => [given[i] ?? `unnamed-${i}`, FIRST_DESCRIPTOR + i] as const),
  );
}
