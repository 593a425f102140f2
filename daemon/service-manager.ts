// The daemon's end of what runs it, systemd or isodrive-keeper: descriptors that are kept for its successor
// (sd_pid_notify_with_fds(3)), and those that were kept or opened for it (sd_listen_fds(3)). Where nothing runs it, all
// of this does nothing.
import { closeSync } from 'node:fs';
import { loadAddon } from '../native/index.js';
import type { DaemonProgram } from '../src/protocol/messages.js';

/** First descriptor that is handed over (SD_LISTEN_FDS_START). */
const FIRST_DESCRIPTOR = 3;
/** Descriptors that are taken at most: more than any keeper holds. */
const MAX_DESCRIPTORS = 8192;

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

export class ServiceManager {
  /** Whether somebody starts a successor, with the descriptors, should this process die. */
  readonly isPresent: boolean;
  /** Microseconds within which a sign of life is due (WATCHDOG_USEC); undefined where nobody waits for one. */
  readonly watchdog: number | undefined;
  /** Called when the service manager cannot be spoken to. */
  onFault: (error: unknown) => void = () => undefined;
  readonly #socketPath: string | undefined;
  readonly #held: Map<string, number>;

  constructor(socketPath?: string, held = new Map<string, number>(), watchdog?: number) {
    this.#socketPath = socketPath;
    this.#held = held;
    this.isPresent = socketPath !== undefined;
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
    return new ServiceManager(
      NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '' ? undefined : NOTIFY_SOCKET,
      held,
      isWatched && period > 0 ? period : undefined,
    );
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

  /** Closes and gives up what nobody has taken. */
  dropRest(): void {
    for (const [name, descriptor] of this.#held) {
      closeSync(descriptor);
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
    const feed = (): void => (isServing() ? this.#send('WATCHDOG=1') : undefined);
    setInterval(feed, this.watchdog / 1000 / WATCHDOG_FEEDS).unref();
  }

  #send(text: string, descriptors: readonly number[] = []): void {
    if (this.#socketPath === undefined) return;
    try {
      loadAddon().notify(this.#socketPath, text, descriptors);
    } catch (thrown) {
      this.onFault(thrown);
    }
  }
}

function nameDescriptors(count: string | undefined, names: string | undefined): Map<string, number> {
  const total = Math.min(Number(count ?? 0) || 0, MAX_DESCRIPTORS);
  const given = (names ?? '').split(':');
  return new Map(
    Array.from({ length: total }, (_, i) => [given[i] ?? `unnamed-${i}`, FIRST_DESCRIPTOR + i] as const),
  );
}
