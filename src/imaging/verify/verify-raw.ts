// Verifies the sectors of an image that has whole ones: by their own codes, and by lists and signatures beside it.
import { openDisc } from '../../container/open-container.js';
import { volumeMarks } from '../../filesystem/choose/volume-marks.js';
import type { Disc } from '../../disc/disc.js';
import { listHeld, listLacking } from '../../disc/held-sectors.js';
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
  disc: Disc,
  options: VerifyOptions,
): Promise<Check[]> {
  const context = { image: { files }, options };
  const evidence = [...(await gatherListsBeside(context)), ...(await gatherSignatures(context))];
  const consumers = evidence.flatMap((one) => one.consumers);
  const { raw } = disc;
  const scan = new RawSectorScan(RAW_SECTOR_SIZE);
  if (raw?.isPlain === true && raw.bases[0] === files.main && raw.locate(0, raw.size) === 0) {
    // Both want the same bytes: they are read once.
    await runPass(files.main, [...consumers, scan.readRun(0, raw.size)], options);
  } else {
    await runPass(files.main, consumers, options);
    for (const { start, end } of raw === undefined ? [] : listHeld(raw))
      await runPass(raw!, [scan.readRun(start, end)], options);
  }
  for (const { first, sectors } of listLacking(disc)) scan.lack(first, sectors);
  const checks: Check[] = [];
  for (const one of evidence) checks.push(...(await one.finish()));
  return [...checks, ...scan.finish()];
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
