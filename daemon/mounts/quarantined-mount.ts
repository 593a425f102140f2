// Mounts in quarantine: they have crashed the daemon again and again, and are not brought back. They stay in the list,
// in a state of their own, until somebody unmounts them. Nothing of their images is opened.
import { readSync } from 'node:fs';
import { CRASH_SECONDS, HEADER } from '../../src/index/layout.js';
import type { ActiveMount, MountEnd } from '../../src/mount/mount-driver.js';
import type { MountPoint } from '../../src/mount/mount-point.js';
import type { MadeMount, MountRecord } from '../takeover/mount-record.js';
import { MountedImage } from './mounted-image.js';
import type { ShownImage } from './mounted-image.js';
import { MountFindings } from '../reader/mount-findings.js';

/** Crashes within CRASH_SECONDS, or starts of a daemon that died over it, after which a mount is left out. */
export const MAX_CRASHES = 3;

/** How often threads that worked for a mount have crashed the process. `index`: the memory of its index, open. */
export function countCrashes(index: number): number {
  const words = new Uint32Array(1);
  readSync(index, words, 0, words.byteLength, HEADER.crashes * words.BYTES_PER_ELEMENT);
  return words[0]!;
}

/** Nothing is mounted: what there is to end is its place in the list. */
class QuarantinedMount implements ActiveMount {
  readonly driver: ActiveMount['driver'];
  readonly directory: string;
  readonly device = undefined;
  readonly ended: Promise<MountEnd>;
  #end: (end: MountEnd) => void = () => undefined;

  constructor({ driver, directory }: MadeMount) {
    this.driver = driver;
    this.directory = directory;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  unmount(): Promise<void> {
    this.#end({ reason: 'unmounted' });
    return Promise.resolve();
  }
}

/** Its mount point must be free. */
export function createQuarantinedMount(record: MountRecord, point: MountPoint): MountedImage {
  const { image, made, facts } = record;
  const findings = new MountFindings(record.findings, record.findingCount);
  findings.add(
    {
      code: 'crashed-daemon',
      severity: 'damage',
      message: `Image has crashed the daemon ${MAX_CRASHES} times within ${CRASH_SECONDS} s, and is not mounted any more`,
      at: { source: image.path },
    },
    record.findingCount + 1,
  );
  const shown: ShownImage = {
    facts: {
      label: facts?.label ?? '',
      kind: made.tree,
      sessions: facts?.sessions ?? [],
      session: facts?.session,
    },
    table: { rowCount: 0 },
    findings,
    prefetch: () => Promise.resolve(true),
    look: () => Promise.resolve('unknown'),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const active = new QuarantinedMount(made);
  const wanted = { ...record.wanted, traceFuse: false };
  const crashed: MountRecord = { ...record, state: 'crashed', wanted, isLoaded: true };
  return new MountedImage(crashed, { image: shown, active, point });
}
