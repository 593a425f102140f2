// Verifies the sectors of an image that has whole ones: by their own codes, and by lists and signatures beside it.
import { openDisc } from '../../container/open-container.js';
import { volumeMarks } from '../../filesystem/choose/volume-marks.js';
import type { Disc } from '../../disc/disc.js';
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
  { raw }: Pick<Disc, 'raw'>,
  options: VerifyOptions,
): Promise<Check[]> {
  const context = { image: { files }, options };
  const evidence = [...(await gatherListsBeside(context)), ...(await gatherSignatures(context))];
  const consumers = evidence.flatMap((one) => one.consumers);
  const scan = raw === undefined ? undefined : new RawSectorScan(raw.size, RAW_SECTOR_SIZE);
  const isOneRead = raw?.isPlain === true && raw.bases[0] === files.main && raw.locate(0, 1) === 0;
  await runPass(files.main, scan === undefined || !isOneRead ? consumers : [...consumers, scan], options);
  if (raw !== undefined && scan !== undefined && !isOneRead) await runPass(raw, [scan], options);
  const checks: Check[] = [];
  for (const one of evidence) checks.push(...(await one.finish()));
  return [...checks, ...(scan?.finish() ?? [])];
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
