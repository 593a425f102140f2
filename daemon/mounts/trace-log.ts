// Writes the requests of a traced mount to the log, as many as the log can bear: a trace that was forgotten ends by
// itself.
import type { TracedRequest } from '../../native/index.js';
import type { DaemonLog } from '../log.js';
import type { MountedImage } from './mounted-image.js';
import { opcodeName } from '../../src/mount/fuse/opcode-name.js';

/** Milliseconds between two looks. */
const INTERVAL = 100;
/** Lines of one look; what came beyond is counted. */
const MAX_LINES = 200;
/** Lines of one trace: some 10 MB. */
const MAX_TRACE_LINES = 50_000;

interface Running {
  readonly timer: NodeJS.Timeout;
  lines: number;
}

export class TraceLog {
  readonly #log: DaemonLog;
  readonly #running = new Map<MountedImage, Running>();

  constructor(log: DaemonLog) {
    this.#log = log;
  }

  /** Begins, or begins anew; a mount of a driver that cannot be traced is told in the log. */
  start(mount: MountedImage): void {
    if (mount.active.trace === undefined) {
      this.#log.warn(
        { ...mount.name(), driver: mount.active.driver },
        'cannot trace: the driver keeps no record',
      );
      return;
    }
    this.stop(mount);
    mount.active.trace(true);
    const timer = setInterval(() => this.#write(mount), INTERVAL).unref();
    this.#running.set(mount, { timer, lines: 0 });
    this.#log.info(mount.name(), 'trace begins');
  }

  stop(mount: MountedImage): void {
    const running = this.#running.get(mount);
    if (running === undefined) return;
    clearInterval(running.timer);
    this.#running.delete(mount);
    mount.active.trace?.(false);
  }

  #write(mount: MountedImage): void {
    const running = this.#running.get(mount);
    const trace = mount.active.takeTrace?.();
    if (running === undefined || trace === undefined) return;
    const shown = trace.requests.slice(0, MAX_LINES);
    for (const request of shown) this.#log.info({ id: mount.id, ...describe(request) }, 'fuse');
    const lost = trace.lost + trace.requests.length - shown.length;
    if (lost > 0) this.#log.info({ id: mount.id, lost }, 'fuse requests left out');
    running.lines += shown.length;
    if (running.lines < MAX_TRACE_LINES) return;
    this.stop(mount);
    this.#log.info({ id: mount.id, lines: running.lines }, 'trace ends: it is long enough');
  }
}

function describe({ opcode, node, offset, size, errno, microseconds }: TracedRequest): object {
  return { opcode: opcodeName(opcode), node, offset, size, errno, microseconds };
}
