// Finds the sessions of a disc and takes the one that is wanted, or the last.
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { firstDataSector } from '../../disc/disc.js';
import type { Session } from '../../disc/disc.js';
import type { SessionContext, SessionSummary } from '../contract/file-system.js';
import { listDiscSessions } from './disc-sessions.js';
import { FILE_SYSTEMS } from './probe-volumes.js';

export interface SessionChoice {
  /** Every session, in the order of the disc; empty where the format has none. */
  readonly sessions: readonly SessionSummary[];
  /** The one that is shown; undefined where there is none. */
  readonly chosen: SessionSummary | undefined;
}

/**
 * `discSessions`: as the image describes them, `shift`: sectors of the disc before the image. `wanted`: number of a
 * session. Rejects with `unsupported` when it is not there, and as FileSystem.findSessions does.
 */
export async function chooseSession(
  reader: DataStream,
  discSessions: readonly Session[],
  shift: number,
  wanted: number | undefined,
  context: SessionContext = {},
): Promise<SessionChoice> {
  const { sessions, last } = await findAll(reader, discSessions, shift, context);
  if (wanted === undefined) return { sessions, chosen: last };
  const chosen = sessions.find(({ number }) => number === wanted);
  if (chosen !== undefined) return { sessions, chosen };
  const isSound = discSessions.some(({ number }) => number === wanted) && discSessions.length > 1;
  const count = sessions.length === 0 ? 'no session of its own' : `${sessions.length}`;
  const found = isSound
    ? 'it has sound alone, expected data'
    : `disc has ${count}, expected session ${wanted} among them`;
  throw new IsodriveError('unsupported', `Cannot show session ${wanted} of "${reader.name}": ${found}`, {
    at: { source: reader.name },
    action: 'See isodrive info IMAGE for the sessions',
  });
}

interface FoundSessions {
  readonly sessions: readonly SessionSummary[];
  /** The newest that can be shown. */
  readonly last: SessionSummary | undefined;
}

/** Where an image describes one session alone, its file systems may show that it was written in several. */
async function findAll(
  reader: DataStream,
  discSessions: readonly Session[],
  shift: number,
  context: SessionContext,
): Promise<FoundSessions> {
  if (discSessions.length > 1) {
    const found = await listDiscSessions(reader, discSessions, shift, context);
    const last = found.findLast(({ hasVolume }) => hasVolume) ?? found.at(-1);
    return { sessions: found.map(({ summary }) => summary), last: last?.summary };
  }
  const first = firstDataSector({ sessions: discSessions }) + shift;
  let sessions: readonly SessionSummary[] = [];
  for (const fileSystem of FILE_SYSTEMS) {
    const found = (await fileSystem.findSessions?.(reader, first, context)) ?? [];
    if (found.length > sessions.length) sessions = found;
  }
  return { sessions, last: sessions.at(-1) };
}
