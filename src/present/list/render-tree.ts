// Draws the tree below a row, as `tree` does, line by line: a disc of a million entries never lies in memory twice.
import { toIsodriveError } from '../../base/error.js';
import type { OpenedImage } from '../../image/open-image.js';
import { throwIfAborted } from '../../base/abort.js';
import { escapeForTerminal, escapeText } from '../../base/display-name.js';
import { pathBytes } from '../../image/path-bytes.js';

const BRANCH = '\u251c\u2500\u2500 ';
const LAST = '\u2514\u2500\u2500 ';
const PIPE = '\u2502   ';
const SPACE = '    ';

/** Yields lines without their ends, the row itself first and a count last. Rejects with `cancelled` on abort. */
export async function* renderTree(
  image: OpenedImage,
  row: number,
  signal?: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { index } = image;
  let directories = 0;
  let files = 0;
  const top = await listDirectory(image, row);
  yield escapeForTerminal(pathBytes(index.table, row)) + top.note;
  const stack = [{ ...top, at: 0, indent: '' }];
  for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
    if (level.at >= level.count) {
      stack.pop();
      continue;
    }
    throwIfAborted(signal);
    const child = level.first + level.at;
    level.at += 1;
    const last = level.at === level.count;
    const node = index.node(child);
    const listed = await listDirectory(image, child);
    const target = node.target === undefined ? '' : ` -> ${escapeForTerminal(node.target)}`;
    yield level.indent + (last ? LAST : BRANCH) + escapeForTerminal(node.name) + target + listed.note;
    if (node.type === 'directory') directories += 1;
    else files += 1;
    if (listed.count > 0) stack.push({ ...listed, at: 0, indent: level.indent + (last ? SPACE : PIPE) });
  }
  yield '';
  yield `${plural(directories, 'directory', 'directories')}, ${plural(files, 'file', 'files')}`;
}

/** Children of a directory; none, and a note, when it cannot be listed; none for what is no directory. */
async function listDirectory(
  { index }: OpenedImage,
  row: number,
): Promise<{ readonly first: number; readonly count: number; readonly note: string }> {
  if (index.node(row).type !== 'directory') return { first: 0, count: 0, note: '' };
  try {
    return { ...(await index.children(row)), note: '' };
  } catch (thrown) {
    const error = toIsodriveError(thrown);
    if (error.code === 'cancelled' || error.code === 'internal') throw error;
    return { first: 0, count: 0, note: ` [${escapeText(error.message)}]` };
  }
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
