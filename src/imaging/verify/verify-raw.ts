// Verifies the sectors of an image that has whole ones: by their own codes, by those of their subchannels, and by lists
// and signatures beside it.
import { openDisc } from '../../container/open-container.js';
import { volumeMarks } from '../../filesystem/choose/volume-marks.js';
import type { Disc } from '../../disc/disc.js';
import type { PlanStream } from '../../disc/plan-stream.js';
import { findSbi } from '../../disc/sbi-file.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { RAW_SECTOR_SIZE } from '../../disc/sector-parity.js';
import type { OpenedFiles } from '../../source/image-files.js';
import type { Check } from './check.js';
import type { VerifyOptions } from './evidence.js';
import { gatherDat } from './gather-dat.js';
import type { DatEvidence } from './gather-dat.js';
import { gatherListsBeside } from './gather-beside.js';
import { gatherSignatures } from './gather-signatures.js';
import { runPass } from './image-pass.js';
import { RawSectorScan } from './raw-image.js';
import type { SectorScan } from './sector-scan.js';
import { SubchannelScan } from './subchannel-scan.js';

/** Rejects as verifyImage does. */
export async function verifySectors(
  files: OpenedFiles,
  disc: Disc,
  options: VerifyOptions,
  dat?: DatEvidence,
): Promise<Check[]> {
  const { raw } = disc;
  const context = { image: { files }, options };
  const evidence = [...(await gatherListsBeside(context)), ...(await gatherSignatures(context))];
  const consumers = [...evidence.flatMap((one) => one.consumers), ...(dat?.take(files.main) ?? [])];
  const scan = raw === undefined ? undefined : new RawSectorScan(raw.size, RAW_SECTOR_SIZE);
  const isOneRead = raw?.isPlain === true && raw.bases[0] === files.main && raw.locate(0, 1) === 0;
  const along = scan === undefined || !isOneRead ? [] : [scan, ...(dat?.take(raw) ?? [])];
  await runPass(files.main, [...consumers, ...along], options);
  if (raw !== undefined && scan !== undefined && !isOneRead) await scanHeld(raw, scan, options, dat);
  const checks: Check[] = [];
  for (const one of evidence) checks.push(...(await one.finish()));
  return [
    ...checks,
    ...(scan?.finish() ?? []),
    ...findAbsent(disc),
    ...(await verifySubchannel(files, disc, options)),
  ];
}

/** Nothing lies between sessions, and a descriptor may claim any number of sectors. */
async function scanHeld(
  stream: PlanStream,
  scan: SectorScan,
  options: VerifyOptions,
  dat?: DatEvidence,
): Promise<void> {
  for (const { start, end } of stream.rangesOf('bytes')) {
    scan.moveTo(start, end);
    await runPass(stream, [scan, ...(dat?.take(stream, start, end) ?? [])], options);
  }
}

/** The CRC of every block of Q, and what a file beside the image says of those that were changed on purpose. */
async function verifySubchannel(files: OpenedFiles, disc: Disc, options: VerifyOptions): Promise<Check[]> {
  const { subchannel } = disc;
  const sbi = await findSbi(files, options.signal);
  const about = { kind: 'subchannel', evidence: sbi?.name ?? '', subject: 'image' } as const;
  if (sbi?.fault !== undefined) return [{ ...about, status: 'unchecked', detail: sbi.fault }];
  if (subchannel === undefined) {
    if (sbi?.patches === undefined) return [];
    const detail = `${sbi.patches.size} sectors have a Q sub-channel that was changed on purpose, and the image has none`;
    return [{ ...about, status: 'unchecked', detail }];
  }
  const scan = new SubchannelScan(subchannel, sbi);
  await scanHeld(subchannel.stream, scan, options);
  return scan.finish();
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
 * sectors, and no list of digests was given.
 */
export async function verifySectorsAlone(
  files: OpenedFiles,
  options: VerifyOptions,
  reason: string,
): Promise<Check[] | undefined> {
  const disc = await openDisc(files, volumeMarks, options.signal).then(
    (opened) => opened.disc,
    () => undefined,
  );
  const dat = await gatherDat({ files, disc }, options);
  if (disc?.raw === undefined && dat === undefined) return undefined;
  const about = { kind: 'structure', evidence: 'directories', subject: 'image' } as const;
  return [
    ...(disc === undefined ? [] : await verifySectors(files, disc, options, dat)),
    ...((await dat?.finish()) ?? []),
    { ...about, status: 'unchecked', detail: reason },
  ];
}
