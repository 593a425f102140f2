// Finds the sessions of a disc and takes the one that is wanted, or the last.
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { SessionContext, SessionSummary } from '../contract/file-system.js';
import { FILE_SYSTEMS } from './probe-volumes.js';

export interface SessionChoice {
  /** Every session, in the order of the disc; empty where the format has none. */
  readonly sessions: readonly SessionSummary[];
  /** The one that is shown; undefined where there is none. */
  readonly chosen: SessionSummary | undefined;
}

/**
 * `first`: sector of the disc with which the image begins. `wanted`: number of a session. Rejects with `unsupported`
 * when it is not there, and as FileSystem.findSessions does.
 */
export async function chooseSession(
  reader: DataStream,
  first: number,
  wanted: number | undefined,
  context: SessionContext = {},
): Promise<SessionChoice> {
  let sessions: readonly SessionSummary[] = [];
  for (const fileSystem of FILE_SYSTEMS) {
    const found = (await fileSystem.findSessions?.(reader, first, context)) ?? [];
    if (found.length > sessions.length) sessions = found;
  }
  if (wanted === undefined) return { sessions, chosen: sessions.at(-1) };
  const chosen = sessions.find(({ number }) => number === wanted);
  if (chosen !== undefined) return { sessions, chosen };
  const count = sessions.length === 0 ? 'no session of its own' : `${sessions.length}`;
  throw new IsodriveError(
    'unsupported',
    `Cannot show session ${wanted} of "${reader.name}": disc has ${count}, expected session ${wanted} among them`,
    { at: { source: reader.name }, action: 'See isodrive info IMAGE for the sessions' },
  );
}
