// Verifies an image of raw sectors: by the codes of its sectors, and by lists and signatures beside it.
import type { OpenedFiles } from '../../source/image-files.js';
import type { Check } from './check.js';
import type { VerifyOptions } from './evidence.js';
import { gatherListsBeside } from './gather-beside.js';
import { gatherSignatures } from './gather-signatures.js';
import { runPass } from './image-pass.js';
import { RawSectorScan } from './raw-image.js';

/** `sectorSize`: as findRawSectors gives it. Rejects as verifyImage does. */
export async function verifyRawImage(
  files: OpenedFiles,
  sectorSize: number,
  options: VerifyOptions,
): Promise<Check[]> {
  const scan = new RawSectorScan(files.main.size, sectorSize);
  const context = { image: { files }, options };
  const evidence = [...(await gatherListsBeside(context)), ...(await gatherSignatures(context))];
  const consumers = evidence.flatMap((one) => one.consumers);
  await runPass(files.main, [...consumers, scan], options);
  const checks: Check[] = [];
  for (const one of evidence) checks.push(...(await one.finish()));
  const unread = {
    kind: 'structure',
    evidence: 'directories',
    subject: 'image',
    status: 'unchecked',
  } as const;
  return [...checks, ...scan.finish(), { ...unread, detail: 'file systems in raw sectors are not read' }];
}
