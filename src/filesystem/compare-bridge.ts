// Bridge discs hold two trees of the same files, ISO 9660 and UDF, or two that differ: many show nothing but a README in
// the ISO 9660 one. The roots tell which holds more, at the cost of listing two directories.
import { IsodriveError } from '../base/error.js';
import type { FindingLog } from '../base/finding.js';
import type { DirectoryEntry, EntrySink, FileTree } from './file-tree.js';

/** Names that a finding quotes. */
const MAX_QUOTED = 3;

/**
 * Gives `udf` when its root lists more than that of `iso`, or as much and `iso` has nothing but the short names of
 * plain ISO 9660; otherwise `iso`, also when the UDF root cannot be listed. What differs is a finding.
 */
export async function chooseOfBridge(
  iso: FileTree,
  udf: FileTree,
  findings: FindingLog,
  sourceName: string,
  signal?: AbortSignal,
): Promise<FileTree> {
  try {
    const isoNames = await listNames(iso, signal);
    const udfNames = await listNames(udf, signal);
    const hasShortNames = iso.kind === 'iso9660';
    const isMore =
      udfNames.length > isoNames.length || (hasShortNames && udfNames.length === isoNames.length);
    const chosen = isMore ? udf : iso;
    const difference = describeDifference(iso, isoNames, udfNames);
    if (difference !== undefined)
      report(`${difference}; the ${chosen.kind} tree is shown`, findings, sourceName);
    return chosen;
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
    report(`Trees cannot be compared: ${thrown.message}`, findings, sourceName);
    return iso;
  }
}

async function listNames(tree: FileTree, signal: AbortSignal | undefined): Promise<string[]> {
  const names: string[] = [];
  const decoder = new TextDecoder();
  const add = (entry: DirectoryEntry): void =>
    void names.push(decoder.decode(entry.name.subarray(0, entry.nameLength)));
  const sink: EntrySink = { add };
  const { locator, size } = await tree.readRoot(signal);
  await tree.readDirectory(locator, size, sink, () => undefined, signal);
  return names;
}

/** Undefined when the roots agree; plain ISO 9660 writes names differently, so only their number can be compared. */
function describeDifference(
  iso: FileTree,
  isoNames: readonly string[],
  udfNames: readonly string[],
): string | undefined {
  const counts = `Root of the ${iso.kind} tree lists ${isoNames.length} names, that of the udf tree ${udfNames.length}`;
  if (iso.kind === 'iso9660') return isoNames.length === udfNames.length ? undefined : counts;
  const onlyIso = missingFrom(udfNames, isoNames);
  const onlyUdf = missingFrom(isoNames, udfNames);
  if (onlyIso.length + onlyUdf.length === 0) return undefined;
  const quoted = [quote(iso.kind, onlyIso), quote('udf', onlyUdf)].filter((text) => text !== '').join(', ');
  return `${counts}, ${quoted}`;
}

function missingFrom(names: readonly string[], others: readonly string[]): string[] {
  const known = new Set(names);
  return others.filter((name) => !known.has(name));
}

function quote(kind: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length > MAX_QUOTED ? ` and ${names.length - MAX_QUOTED} more` : '';
  return `only ${kind} has ${names
    .slice(0, MAX_QUOTED)
    .map((name) => `"${name}"`)
    .join(', ')}${more}`;
}

function report(message: string, findings: FindingLog, source: string): void {
  findings.add({ code: 'bridge-disagreement', severity: 'note', message, at: { source } });
}
