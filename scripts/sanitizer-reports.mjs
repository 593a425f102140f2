// Which reports of a sanitizer are about the addon or the keeper: other programs that tests start have it loaded too,
// and node, which is not compiled for it.
import { basename } from 'node:path';

const OUR_MODULES = ['isodrive.node', 'isodrive-keeper'];
const OUR_CODE = /isodrive\.node|isodrive-keeper|native\/[\w/-]+\.(?:cc|hh)/;
/** Behind it stands who made the memory or a thread, which does not count. */
const ORIGIN = /^ {2}(?:Location is|Thread T\d+ .*created by)/m;
const FRAME = /^ {4}#\d+ .*\((\S+)\+0x[\da-f]+\)/;

/** The modules of the frames of each stack, the innermost first. */
function stacksOf(events) {
  const stacks = events.split(/\n\s*\n/).map((text) =>
    text.split('\n').flatMap((line) => {
      const module = FRAME.exec(line)?.[1];
      return module === undefined ? [] : [basename(module)];
    }),
  );
  return stacks.filter((modules) => modules.length > 0);
}

/**
 * Whether we did what a stack tells, or the C library for us: of the frames that are ours or node's, the innermost is
 * ours. Otherwise node or V8 did it, be it in a call of ours.
 */
function isDoneByUs(modules, node) {
  const innermost = modules.find((module) => module === node || OUR_MODULES.includes(module));
  return innermost !== undefined && innermost !== node;
}

/**
 * A race is ours where we did both: that V8 had published what it wrote (Atomics), or that a thread had ended whose
 * memory the C library frees, is not seen of code that is not compiled for it. `node`: name of its program.
 */
export function isOurs(report, node = basename(process.execPath)) {
  const [events = ''] = report.split(ORIGIN);
  if (!report.includes('ThreadSanitizer')) return OUR_CODE.test(events);
  const stacks = stacksOf(events);
  return stacks.length > 0 && stacks.every((modules) => isDoneByUs(modules, node));
}
