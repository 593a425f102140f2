// Whether an image is what its publisher made: gathers all the evidence there is beside it and in it, reads the image
// once for all of it, and says of each piece what came of it.
import { throwIfAborted } from '../../base/abortable.js';
import { ExtentMap } from '../../image/extent-map.js';
import type { OpenedImage } from '../../image/open-image.js';
import { asPlainImage } from '../../image/plain-image.js';
import { isFailure } from './check.js';
import type { Check } from './check.js';
import { describeCoverage } from './coverage.js';
import type { Evidence, VerifyOptions } from './evidence.js';
import { gatherDat } from './gather-dat.js';
import { gatherInside, gatherRecordedSums } from './gather-inside.js';
import { gatherListsBeside } from './gather-beside.js';
import { gatherSignatures } from './gather-signatures.js';
import { runPass } from './image-pass.js';
import { gatherImplanted, gatherTags } from './gather-embedded.js';
import { checkStructure } from './structure.js';
import { verifySectors } from './verify-raw.js';
import { gatherUdfTags } from './udf-tags.js';

/**
 * All checks, in the order of the evidence. The file system is verified on the disc, whatever its sectors are stored
 * in; those that are stored whole by their own codes. Rejects with `cancelled`, and when the image cannot be read any
 * more.
 */
export async function verifyImage(opened: OpenedImage, options: VerifyOptions): Promise<Check[]> {
  const image = asPlainImage(opened);
  const isPlain = image === opened;
  const extents = await ExtentMap.load(image, options.signal);
  const context = { image, options, extents };
  const evidence: Evidence[] = [];
  const dat = await gatherDat(opened, options);
  const checks = isPlain ? [] : await verifySectors(opened.files, opened.disc, options, dat);
  const gatherers = [
    ...(isPlain ? [gatherListsBeside, gatherSignatures] : []),
    ...[gatherImplanted, gatherTags, gatherInside, gatherRecordedSums, gatherUdfTags],
  ];
  for (const gather of gatherers) evidence.push(...(await gather(context)));
  await runPass(
    image.source,
    [...evidence.flatMap(({ consumers }) => consumers), ...(dat?.take(image.source) ?? [])],
    options,
  );
  const agreed: Evidence[] = [];
  for (const one of evidence) {
    throwIfAborted(options.signal);
    const own = await one.finish();
    checks.push(...own);
    if (own.every(({ status }) => status === 'ok')) agreed.push(one);
  }
  const listed = (await dat?.finish()) ?? [];
  checks.push(...listed);
  const isWhole = dat?.hasData === true && !listed.some(isFailure);
  const coverage = describeCoverage(context, agreed, isWhole);
  return [...checks, ...(await checkStructure(context)), ...coverage];
}
