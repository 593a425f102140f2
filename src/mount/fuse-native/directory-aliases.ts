// The package passes names as JavaScript strings, so a name that is not UTF-8 cannot pass. It is shown with U+FFFD
// for the bytes that do not fit, and this table finds it again. Directories with none of those cost nothing.
import { MAX_NAME_BYTES } from '../../filesystem/contract/file-tree.js';
import type { IndexTable } from '../../index/index-table.js';
import { ROW } from '../../index/layout.js';

const REPLACEMENT = '\ufffd';

/** The names of a loaded directory as strings, in row order; unique, and at most 255 bytes of UTF-8 each. */
export function shownNames(table: IndexTable, directory: number): string[] {
  const first = table.word(directory, ROW.first);
  const count = table.word(directory, ROW.count);
  const names: string[] = [];
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const unfit: number[] = [];
  for (let i = 0; i < count; i += 1) {
    try {
      names.push(strict.decode(table.name(first + i)));
    } catch {
      names.push('');
      unfit.push(i);
    }
  }
  if (unfit.length > 0) {
    const taken = new Set(names);
    for (const i of unfit) taken.add((names[i] = alias(table.name(first + i), taken)));
  }
  return names;
}

/** A string for a name that is not UTF-8. It always has a U+FFFD, by which isAlias knows it. */
function alias(name: Uint8Array, taken: ReadonlySet<string>): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(name);
  for (let copy = 1; ; copy += 1) {
    const suffix = copy === 1 ? '' : `~${copy}`;
    let shown = text + suffix;
    if (Buffer.byteLength(shown) > MAX_NAME_BYTES) {
      const room = MAX_NAME_BYTES - Buffer.byteLength(suffix) - Buffer.byteLength(REPLACEMENT);
      shown = cut(text, room) + REPLACEMENT + suffix;
    }
    if (!taken.has(shown)) return shown;
  }
}

/** Whether a name that no entry has may be an alias. */
export function isAlias(name: string): boolean {
  return name.includes(REPLACEMENT);
}

function cut(text: string, bytes: number): string {
  let length = 0;
  let kept = '';
  for (const character of text) {
    length += Buffer.byteLength(character);
    if (length > bytes) break;
    kept += character;
  }
  return kept;
}
