// Fails when a page of the documentation points at something that is not there: relative links, #anchors and paths in
// backticks have to exist, and so do pages that comments in the code name. ARCHITECTURE.md has a bound, and lines of
// the pages have one.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

const root = join(import.meta.dirname, '..');
const MAX_ARCHITECTURE_BYTES = 15_360;
const MAX_COLUMNS = 120;
/**
 * Pages in which a path in backticks is one of the repository, and lines have a bound; the others show shell
 * commands.
 */
const DESIGN = /^(ARCHITECTURE|CONTRIBUTING|SECURITY)\.md$|^docs\//;
const FOLDERS = ['src', 'daemon', 'native', 'scripts', 'test', 'systemd', 'docs', '.ci'];
const SOURCE = /\.(ts|mjs|cc|hh|c|sh|service|socket)$/;
/** A path with a word in capitals stands for many. */
const PLACEHOLDER = /(^|[/-])[A-Z]{4,}/;
/** Ends that a path may leave out: `native/system/optical-drive` is two files. */
const ENDS = ['', '.ts', '.mjs', '.cc', '.hh', '.sh', '.md'];

const faults = [];
const pages = new Map();

function listFiles(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

/** A page without its code: the text of each line, or an empty one. */
function readPage(path) {
  const known = pages.get(path);
  if (known !== undefined) return known;
  let isCode = false;
  const lines = readFileSync(join(root, path), 'utf8')
    .split('\n')
    .map((line) => {
      const isFence = /^\s*(```|~~~)/.test(line);
      if (isFence) isCode = !isCode;
      return { line, isText: !isFence && !isCode };
    });
  const page = { lines, anchors: anchorsOf(lines) };
  pages.set(path, page);
  return page;
}

/** As GitHub makes them of headings: lower case, spaces to hyphens, and nothing but letters, digits, "-" and "_". */
function anchorsOf(lines) {
  const counts = new Map();
  const anchors = new Set();
  for (const { line, isText } of lines) {
    const heading = isText ? /^#{1,6}\s+(.*?)\s*#*$/.exec(line) : null;
    if (heading !== null) {
      const slug = heading[1]
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(/\s/g, '-');
      const count = counts.get(slug) ?? 0;
      counts.set(slug, count + 1);
      anchors.add(count === 0 ? slug : `${slug}-${count}`);
    }
    for (const [, name] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(name);
  }
  return anchors;
}

function checkLink(path, number, target) {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return;
  const [file = '', anchor] = target.split('#');
  const page = file === '' ? path : posix.normalize(posix.join(posix.dirname(path), decodeURI(file)));
  if (!existsSync(join(root, page))) {
    faults.push(`${path}:${number}: found a link to ${target}, expected a file of the repository`);
  } else if (anchor !== undefined && page.endsWith('.md') && !readPage(page).anchors.has(anchor)) {
    faults.push(`${path}:${number}: found a link to ${target}, expected a heading of ${page}`);
  }
}

/** A path of the repository between backticks, with what may stand behind it: a line, or `*` for all that begin so. */
function checkPath(path, number, text) {
  if (!FOLDERS.some((folder) => text.startsWith(`${folder}/`)) || /[\s<>{}$]/.test(text)) return;
  if (PLACEHOLDER.test(text)) return;
  const name = text.replace(/:\d+$/, '').replace(/\/$/, '');
  const found = name.includes('*')
    ? hasFileLike(name)
    : ENDS.some((end) => existsSync(join(root, name + end)));
  if (!found) faults.push(`${path}:${number}: found \`${text}\`, expected a path of the repository`);
}

/** Whether a file has a name that begins as the pattern does before its first `*`. */
function hasFileLike(pattern) {
  const start = pattern.slice(0, pattern.indexOf('*'));
  const folder = join(root, posix.dirname(`${start}x`));
  return (
    existsSync(folder) &&
    readdirSync(folder).some((name) => name.startsWith(posix.basename(`${start}x`).slice(0, -1)))
  );
}

function checkPage(path) {
  const isDesign = DESIGN.test(path);
  for (const [i, { line, isText }] of readPage(path).lines.entries()) {
    const isTooLong = line.length > MAX_COLUMNS && !line.startsWith('|') && !line.includes('://');
    if (isDesign && isTooLong)
      faults.push(`${path}:${i + 1}: found ${line.length} columns, expected ${MAX_COLUMNS} at most`);
    if (!isText) continue;
    for (const [, target] of line.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^()\s]+)\)/g))
      checkLink(path, i + 1, target);
    if (isDesign) for (const [, text] of line.matchAll(/`([^`]+)`/g)) checkPath(path, i + 1, text);
  }
}

/** Pages that a comment names. */
function checkSource(path) {
  for (const [name] of readFileSync(join(root, path), 'latin1').matchAll(/\bdocs\/[\w./-]+\.md\b/g))
    if (!existsSync(join(root, name)))
      faults.push(`${path}: found ${name}, expected a page of the repository`);
}

const files = FOLDERS.filter((folder) => existsSync(join(root, folder))).flatMap(listFiles);
for (const path of [...readdirSync(root), ...files].filter((name) => name.endsWith('.md'))) checkPage(path);
for (const path of files.filter((name) => SOURCE.test(name))) checkSource(path);
const bytes = readFileSync(join(root, 'ARCHITECTURE.md')).length;
if (bytes > MAX_ARCHITECTURE_BYTES) {
  const rest = 'what is about one subsystem belongs in docs/design';
  faults.push(`ARCHITECTURE.md: found ${bytes} bytes, expected ${MAX_ARCHITECTURE_BYTES} at most: ${rest}`);
}
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
