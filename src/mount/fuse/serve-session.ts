// Answers what native threads cannot, in the thread that reads the image: loads directories, decodes units, and reads
// content that is not the image's bytes.
import type { Addon } from '../../../native/index.js';
import { toIsodriveError } from '../../base/error.js';
import type { NativePlan } from '../../disc/native-plan.js';
import type { ContentOpener } from '../../image/content-opener.js';
import type { DiscIndex } from '../../index/disc-index.js';
import type { CheckedContents } from '../served-image.js';
import { ReadService } from './read-service.js';
import { UnitService } from './unit-service.js';

export interface SessionService {
  /** Reads of file content that the session has taken. */
  readonly reads: number;
  /** Somebody waits for a directory. */
  readonly isWaitedFor: boolean;
  /** Nobody waits for a read. */
  readonly isIdle: boolean;
  /** Answers nothing any more; what waits, waits for another. */
  leave(): void;
}

export interface ServedParts {
  readonly index: DiscIndex;
  readonly contents: Pick<ContentOpener, 'open'>;
  /** Bases in units of the read plan. */
  readonly units: NativePlan['units'];
  readonly checked?: CheckedContents | undefined;
}

/**
 * Serves a session, by its number, until it ends or `leave` is called. Throws the addon's ENOENT when there is
 * none.
 */
export function serveSession(
  addon: Addon,
  session: number,
  { index, contents, units: bases, checked }: ServedParts,
): SessionService {
  const reads = new ReadService(
    contents,
    (ticket, result) => addon.replyRead(server, ticket, result),
    checked,
  );
  const units = new UnitService(contents, bases, (ticket, result, errors) =>
    addon.fillUnits(server, ticket, result, errors),
  );
  const server = addon.serveSession(session, {
    onLoad: (row) => void loadDirectory(index, row).then((errno) => addon.resumeSession(server, row, errno)),
    onRead: (ticket, row, offset, length) => reads.add(ticket, row, offset, length),
    onFill: (ticket, isBase, number, unitBytes, offset, length) =>
      units.add(ticket, { isBase, number, unitBytes, offset, length }),
    onCancel: (ticket) => {
      reads.cancel(ticket);
      units.cancel(ticket);
    },
  });
  return {
    get reads() {
      return addon.countReads(server);
    },
    get isWaitedFor() {
      return addon.isWaitedFor(server);
    },
    get isIdle() {
      return reads.isIdle && units.isIdle;
    },
    leave: () => {
      addon.leaveSession(server);
      reads.close();
      units.close();
    },
  };
}

/** Gives 0, or the errno for those who wait: only a medium that fails keeps a directory from being published. */
async function loadDirectory(index: DiscIndex, row: number): Promise<number> {
  try {
    await index.load(row);
    return 0;
  } catch (thrown) {
    return toIsodriveError(thrown).errnoNumber;
  }
}
