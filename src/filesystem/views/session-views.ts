// The views of a disc's other sessions: what it held before it was written again.
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { FileSystem, ProbeContext, SessionSummary, Volume } from '../contract/file-system.js';
import { FILE_SYSTEMS } from '../choose/probe-volumes.js';
import type { ViewGroup } from './all-views.js';

/** A group a session that has views, in a directory named after it. Rejects as ByteSource.read does. */
export async function findSessionViews(
  reader: DataStream,
  sessions: readonly SessionSummary[],
  context: ProbeContext,
): Promise<ViewGroup[]> {
  const groups: ViewGroup[] = [];
  for (const { number, descriptors, end } of sessions) {
    for (const fileSystem of FILE_SYSTEMS) {
      if (fileSystem.findSessions === undefined) continue;
      const place = { sessionStart: descriptors, sessionEnd: end };
      const volume = await probeQuietly(fileSystem, reader, { ...context, ...place });
      if (volume !== undefined) groups.push({ path: [`session-${number}`], trees: volume.trees });
    }
  }
  return groups;
}

/** What is odd about an old session is not worth telling: the disc is what its last session says. */
async function probeQuietly(
  fileSystem: FileSystem,
  reader: DataStream,
  context: ProbeContext,
): Promise<Volume | undefined> {
  try {
    return await fileSystem.probe(reader, { ...context, report: () => undefined });
  } catch (thrown) {
    if (thrown instanceof IsodriveError && ['unsupported', 'damaged'].includes(thrown.code)) return undefined;
    throw thrown;
  }
}
