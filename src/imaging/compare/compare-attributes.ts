// What else than content two entries of the same name may differ in: modes, owners, times, extended attributes (access
// control lists among them), and which names are hard links to one file.
import { decodePath } from '../../base/path-text.js';
import type { SideAttributes, SideEntry } from './tree-side.js';

export const ATTRIBUTE_KINDS = ['mode', 'owner', 'time', 'attributes', 'links'] as const;
export type AttributeKind = (typeof ATTRIBUTE_KINDS)[number];

/** For people, each kind at most once; none where one side has nothing of the kind. */
export function compareAttributes(a: SideEntry, b: SideEntry): [AttributeKind, string][] {
  const found: [AttributeKind, string][] = [];
  const [left, right] = [a.attributes(), b.attributes()];
  const isLink = a.type === 'symlink';
  // Nobody looks at the mode of a symlink.
  if (left.mode !== right.mode && !isLink)
    found.push(['mode', `${showMode(left.mode)}, and ${showMode(right.mode)}`]);
  if (left.owner !== right.owner) found.push(['owner', `${left.owner}, and ${right.owner}`]);
  if (left.seconds !== right.seconds)
    found.push(['time', `${showTime(left.seconds)}, and ${showTime(right.seconds)}`]);
  const names = differingNames(left, right);
  if (names.length > 0)
    found.push(['attributes', `${names.join(', ')} differ${names.length > 1 ? '' : 's'}`]);
  if (a.link !== b.link) found.push(['links', `${showLink(a.link)}, and ${showLink(b.link)}`]);
  return found;
}

function differingNames({ extended: a }: SideAttributes, { extended: b }: SideAttributes): string[] {
  if (a === undefined || b === undefined) return [];
  return [...new Set([...a.keys(), ...b.keys()])].sort().filter((name) => {
    const [left, right] = [a.get(name), b.get(name)];
    return left === undefined || right === undefined || Buffer.compare(left, right) !== 0;
  });
}

function showMode(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function showTime(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? `${seconds} s` : time.toISOString().replace('.000Z', 'Z');
}

function showLink(link: string | undefined): string {
  return link === undefined
    ? 'a file of its own'
    : `one file with "${decodePath(Buffer.from(link, 'latin1'))}"`;
}
