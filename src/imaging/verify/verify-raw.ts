// Verifies the sectors of an image that has whole ones: by their own codes, and by lists and signatures beside it.
import { openDisc } from '../../container/open-container.js';
import { volumeMarks } from '../../filesystem/choose/volume-marks.js';
import type { Disc } from '../../disc/disc.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { RAW_SECTOR_SIZE } from '../../disc/sector-parity.js';
import type { OpenedFiles } from '../../source/image-files.js';
import type { Check } from './check.js';
import type { VerifyOptions } from './evidence.js';
import { gatherListsBeside } from './gather-beside.js';
import { gatherSignatures } from './gather-signatures.js';
import { runPass } from './image-pass.js';
import { RawSectorScan } from './raw-image.js';

/** Rejects as verifyImage does. */
export async function verifySectors(
  files: OpenedFiles,
  disc: Pick<Disc, 'raw' | 'data' | 'sessions'>,
  options: VerifyOptions,
): Promise<Check[]> {
  const { raw } = disc;
  const context = { image: { files }, options };
  const evidence = [...(await gatherListsBeside(context)), ...(await gatherSignatures(context))];
  const consumers = evidence.flatMap((one) => one.consumers);
  const scan = raw === undefined ? undefined : new RawSectorScan(raw.size, RAW_SECTOR_SIZE);
  const isOneRead = raw?.isPlain === true && raw.bases[0] === files.main && raw.locate(0, 1) === 0;
  await runPass(files.main, scan === undefined || !isOneRead ? consumers : [...consumers, scan], options);
  if (raw !== undefined && scan !== undefined && !isOneRead) {
    // Nothing lies between sessions, and a descriptor may claim any number of sectors.
    for (const { start, end } of raw.rangesOf('bytes')) {
      scan.moveTo(start, end);
      await runPass(raw, [scan], options);
    }
  }
  const checks: Check[] = [];
  for (const one of evidence) checks.push(...(await one.finish()));
  return [...checks, ...(scan?.finish() ?? []), ...findAbsent(disc)];
}

/** Tracks of which the image has not all sectors. */
function findAbsent({ raw, data, sessions }: Pick<Disc, 'raw' | 'data' | 'sessions'>): Check[] {
  const tracks = sessions.flatMap((session) => session.tracks);
  return tracks.flatMap(({ number, mode, start, length }) => {
    const isSound = mode === 'audio';
    const [stream, unit] = isSound ? [raw, RAW_SECTOR_SIZE] : [data, SECTOR_SIZE];
    const [from, to] = [start * unit, (start + length) * unit];
    const held = (stream?.rangesOf('bytes', 'zeros') ?? []).map(
      (one) => Math.min(one.end, to) - Math.max(one.start, from),
    );
    const lacking = Math.ceil((to - from - held.reduce((sum, one) => sum + Math.max(0, one), 0)) / unit);
    if (lacking <= 0) return [];
    const detail = `${lacking} sectors of track ${number} are not in the image`;
    return [{ kind: 'sectors', evidence: 'tracks', subject: 'image', status: 'unreadable', detail } as const];
  });
}

/**
 * As verifySectors, of a disc without a file system that can be read, and why; undefined where it has no whole
 * sectors.
 */
export async function verifySectorsAlone(
  files: OpenedFiles,
  options: VerifyOptions,
  reason: string,
): Promise<Check[] | undefined> {
  const opened = await openDisc(files, volumeMarks, options.signal).catch(() => undefined);
  if (opened?.disc.raw === undefined) return undefined;
  const about = { kind: 'structure', evidence: 'directories', subject: 'image' } as const;
  return [
    ...(await verifySectors(files, opened.disc, options)),
    { ...about, status: 'unchecked', detail: reason },
  ];
}
