// Device nodes and fifos. Node has no mknod call, and they are rare on discs, so coreutils' command makes them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { IsodriveError } from '../../base/error.js';
import type { NodeRecord } from '../../index/node-record.js';
import { withDirectory } from './target-directory.js';
import type { TargetDirectory } from './target-directory.js';

/** Milliseconds that one call of mknod may take. */
const MKNOD_TIMEOUT = 10_000;

/**
 * Makes the node, where nothing must stand; it gets its mode afterwards. `name`: ASCII, since programs are given
 * text; the folder's own path may be any bytes. Throws `permission` or `unsupported` when it cannot be made.
 */
export async function makeSpecialNode(
  directory: TargetDirectory,
  name: string,
  node: NodeRecord,
): Promise<void> {
  if (process.platform === 'win32') {
    const message = `Left out: found a ${node.type}, expected a kind of file that Windows has`;
    throw new IsodriveError('unsupported', message);
  }
  const kind = node.type === 'fifo' ? ['p'] : [node.type === 'block' ? 'b' : 'c', ...deviceNumbers(node)];
  const fault =
    process.platform === 'linux'
      ? await withDirectory(directory.path, (fd) => runMknod(`/proc/self/fd/3/${name}`, kind, fd))
      : await runMknod(directory.child(Buffer.from(name)).toString(), kind, 'ignore');
  if (fault === undefined) return;
  throw new IsodriveError('permission', `Left out the ${node.type}: ${fault}`, {
    action: 'Extract as root to keep device nodes',
  });
}

/** Gives what is wrong. `folder`: the program's descriptor 3. */
async function runMknod(
  path: string,
  kind: readonly string[],
  folder: number | 'ignore',
): Promise<string | undefined> {
  const child = spawn('mknod', ['-m', '600', '--', path, ...kind], {
    stdio: ['ignore', 'ignore', 'pipe', folder],
    timeout: MKNOD_TIMEOUT,
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return code === 0 ? undefined : stderr.trim().replace(`'${path}': `, '') || 'mknod failed';
  } catch (thrown) {
    return `mknod cannot be run: ${(thrown as Error).message}`;
  }
}

function deviceNumbers(node: NodeRecord): [string, string] {
  return [String(node.device?.major ?? 0), String(node.device?.minor ?? 0)];
}
