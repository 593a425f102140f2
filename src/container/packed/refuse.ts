// Refusals of files that can only be decompressed from their start, with the command that makes one that need not be.
import { IsodriveError } from '../../base/error.js';
import type { ByteSource } from '../../source/byte-source.js';
import { quoteForShell } from '../../base/shell-word.js';

/** `what`: "an xz file of one block". `command`: what packs again, such as "bgzip". `ending`: of the new name. */
export function refuseUnseekable(
  { name }: ByteSource,
  what: string,
  unpack: string,
  command: string,
  ending: string,
): IsodriveError {
  const found = `it is ${what}, which has to be unpacked from its start, expected one of blocks that stand alone`;
  return new IsodriveError('unsupported', `Cannot open "${name}": ${found}`, {
    at: { source: name, offset: 0 },
    action: `Unpack it, or pack it again: ${unpack} ${quoteForShell(name)} | ${command} > NEW.iso.${ending}`,
  });
}
