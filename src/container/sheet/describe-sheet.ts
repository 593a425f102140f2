// What is said of a disc that a sheet describes.
import type { SessionLayout } from '../build-disc.js';

/** Behind the end of every CD, the 120 minutes of a GD-ROM's second area among them. */
const MAX_CD_SECTORS = 120 * 60 * 75;

/** How it is stored, for people. */
export function describeSheet(sessions: readonly SessionLayout[], files: number): string {
  const tracks = sessions.reduce((sum, session) => sum + session.tracks.length, 0);
  return `${tracks} ${tracks === 1 ? 'track' : 'tracks'} in ${files} ${files === 1 ? 'file' : 'files'}`;
}

/** Images of DVDs have sheets too, which say nothing of the medium. */
export function isCompactDisc(sessions: readonly SessionLayout[]): boolean {
  const last = sessions.at(-1)?.tracks.at(-1);
  return last === undefined || last.start + last.length <= MAX_CD_SECTORS;
}
