// The sessions of a disc as its tracks tell them, for discs whose file systems need not say: each session with a data
// track has descriptors behind the start of its first one.
import type { DataStream } from '../../disc/data-stream.js';
import type { Session } from '../../disc/disc.js';
import type { SessionContext, SessionSummary } from '../contract/file-system.js';
import { FILE_SYSTEMS } from './probe-volumes.js';

export interface DiscSession {
  readonly summary: SessionSummary;
  /** A volume that is read here was found. */
  readonly hasVolume: boolean;
}

/**
 * Sessions with a data track. `shift`: sectors that lie before the image's first. Rejects as FileSystem.findSessions
 * does.
 */
export async function listDiscSessions(
  reader: DataStream,
  sessions: readonly Session[],
  shift: number,
  context: SessionContext,
): Promise<DiscSession[]> {
  const found: DiscSession[] = [];
  for (const { number, tracks } of sessions) {
    const track = tracks.find(({ mode }) => mode !== 'audio');
    if (track === undefined) continue;
    const start = track.start + shift;
    const last = tracks.at(-1)!;
    const end = last.start + last.length + shift;
    const volume = await findVolume(reader, start, context);
    const { label = '', created, descriptors = start, length = end - start } = volume ?? {};
    const summary = { number, start, end, label, created, descriptors, length };
    found.push({ summary, hasVolume: volume !== undefined });
  }
  return found;
}

/** The volume of a session, by the first format that knows it. */
async function findVolume(
  reader: DataStream,
  start: number,
  context: SessionContext,
): Promise<SessionSummary | undefined> {
  for (const fileSystem of FILE_SYSTEMS) {
    const found = (await fileSystem.findSessions?.(reader, start, context)) ?? [];
    const first = found[0];
    if (first !== undefined) return first;
  }
  return undefined;
}
