// Which reports of a sanitizer are about the addon or the keeper: other programs that tests start have it loaded too,
// and node, which is not compiled for it.
import { basename } from 'node:path';

const OUR_MODULES = ['isodrive.node', 'isodrive-keeper'];
const OUR_CODE = /isodrive\.node|isodrive-keeper|native\/[\w/-]+\.(?:cc|hh)/;
/** Behind it stands who made the memory or a thread, which does not count. */
const ORIGIN = /^ {2}(?:Location is|Thread T\d+ .*created by)/m;
const FRAME = /^ {4}#\d+ .*\((\S+)\+0x[\da-f]+\)/;

/**
 * Whether we did what the lines of a stack tell, or the C library for us: of the frames that are ours or node's, the
 * innermost is ours. Otherwise node or V8 did it, be it in a call of ours: what its threads do to each other is told
 * wrongly.
 */
function isDoneByUs(lines, node) {
  const modules = lines.map((line) => basename(FRAME.exec(line)?.[1] ?? ''));
  const innermost = modules.find((module) => module === node || OUR_MODULES.includes(module));
  return innermost !== undefined && innermost !== node;
}

/** `node`: name of its program. */
export function isOurs(report, node = basename(process.execPath)) {
  const [events = ''] = report.split(ORIGIN);
  if (!report.includes('ThreadSanitizer')) return OUR_CODE.test(events);
  return events.split(/\n\s*\n/).some((stack) => isDoneByUs(stack.split('\n'), node));
}
