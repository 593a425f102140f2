// Tells of the findings of mounts: to those who watch, to the log where something is damaged, and to the journal, for
// the daemon after us.
import type { Finding } from '../../src/base/finding.js';
import type { EventBus } from './event-bus.js';
import type { DaemonLog } from '../log.js';
import type { MountPersistence } from '../takeover/mount-persistence.js';
import type { MountedImage } from './mounted-image.js';

/** Milliseconds in which findings are gathered before the journal is written. */
const NOTE_DELAY = 500;

export interface FindingReportsOptions {
  readonly events: EventBus;
  readonly log: DaemonLog;
  readonly persistence: MountPersistence;
}

export class FindingReports {
  readonly #options: FindingReportsOptions;
  /** Mounts whose findings are about to be noted. */
  readonly #noting = new Map<MountedImage, NodeJS.Timeout>();

  constructor(options: FindingReportsOptions) {
    this.#options = options;
  }

  start(mounted: MountedImage): void {
    mounted.watchFindings((finding) => this.#report(mounted, finding));
    this.#note(mounted);
  }

  /** The mount has ended. */
  stop(mounted: MountedImage): void {
    clearTimeout(this.#noting.get(mounted));
    this.#noting.delete(mounted);
  }

  #report(mounted: MountedImage, { code, severity, message }: Finding): void {
    const { events, log } = this.#options;
    const time = new Date().toISOString();
    events.emit({ event: 'finding', time, mount: mounted.name(), severity, code, message }, mounted.owner);
    if (severity === 'damage') log.warn({ ...mounted.name(), code, message }, 'damage found');
    this.#note(mounted);
  }

  /** Later, and once for all that are met until then: a hostile disc has many. */
  #note(mounted: MountedImage): void {
    if (mounted.findings.count === 0 || this.#noting.has(mounted)) return;
    const timer = setTimeout(() => {
      this.#noting.delete(mounted);
      this.#options.persistence.noteFindings(mounted.id, mounted.findings);
    }, NOTE_DELAY).unref();
    this.#noting.set(mounted, timer);
  }
}
