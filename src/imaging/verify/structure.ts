// The structure itself: every extent lies in the image, none lies half in another, the image is as long as it says,
// and nothing was found damaged on the way.
import { countBytes } from '../../base/byte-count.js';
import type { FileRun } from '../../image/run-table.js';
import { measureDisc } from '../create/measure-disc.js';
import type { Check } from './check.js';
import type { VerifyContext } from './evidence.js';

/** Faults told of each kind; one more check counts the rest. */
const MAX_FAULTS = 1000;

export async function checkStructure({ image, extents, options }: VerifyContext): Promise<Check[]> {
  const { source, index, damage, findings } = image;
  const faults: Check[] = [];
  const base = { kind: 'structure', evidence: 'directories' } as const;
  const path = ({ row }: FileRun): string => index.path(row);
  let widest: FileRun | undefined;
  for (const run of extents.runs) {
    if (run.end > source.size) {
      const detail = `it reaches to byte ${run.end}, the image ends at byte ${source.size}`;
      faults.push({ ...base, subject: path(run), status: 'mismatch', detail });
    }
    // One inside the other is shared data (hard links, boot images); half in the other is nobody's intention.
    if (widest !== undefined && run.start < widest.end && run.end > widest.end && run.start > widest.start) {
      const detail = `its bytes from ${run.start} on are also those of "${path(widest)}"`;
      faults.push({ ...base, subject: path(run), status: 'mismatch', detail });
    }
    if (widest === undefined || run.end > widest.end) widest = run;
  }
  for (const { severity, message } of findings.findings) {
    if (severity === 'damage')
      faults.push({ ...base, subject: 'image', status: 'mismatch', detail: message });
  }
  const declared = await measureDisc(source, options.signal);
  if (declared > source.size) {
    const detail = `its structures reach to byte ${declared}, the image ends at byte ${source.size}`;
    faults.push({ ...base, evidence: 'declared size', subject: 'image', status: 'mismatch', detail });
  }
  if (damage !== undefined) {
    const missing = damage.missing(source.size);
    const bytes = missing.reduce((sum, { size }) => sum + size, 0);
    const files = extents.filesIn(missing).map((file) => file.path);
    const detail = `${countBytes(bytes)} could not be read when the image was made`;
    faults.push({ kind: 'map', evidence: 'map file', subject: 'image', status: 'unreadable', detail, files });
  }
  if (faults.length > MAX_FAULTS) {
    const rest = faults.splice(MAX_FAULTS).length;
    faults.push({ ...base, subject: 'image', status: 'mismatch', detail: `${rest} more faults` });
  }
  if (faults.length > 0) return faults;
  const { length } = extents.runs;
  const detail = `${length} ${length === 1 ? 'extent lies' : 'extents lie'} in the image, none half in another`;
  return [{ ...base, subject: 'image', status: 'ok', detail }];
}
