// Device nodes and fifos. Node has no mknod call, and they are rare on discs, so coreutils' command makes them.
import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { promisify } from 'node:util';
import { IsodriveError } from '../../base/error.js';
import type { NodeRecord } from '../../index/node-record.js';
import { decodeExactly } from '../display-name.js';

/** Milliseconds that one call of mknod may take. */
const MKNOD_TIMEOUT = 10_000;

/** Makes the node, where nothing must stand. Throws `permission` or `unsupported` when it cannot be made. */
export async function makeSpecialNode(path: Buffer, node: NodeRecord): Promise<void> {
  if (process.platform === 'win32') {
    const message = `Left out: found a ${node.type}, expected a kind of file that Windows has`;
    throw new IsodriveError('unsupported', message);
  }
  const text = decodeExactly(path);
  if (node.type === 'socket' || text === undefined) {
    const found = node.type === 'socket' ? 'a socket' : 'a device whose path is not UTF-8';
    throw new IsodriveError(
      'unsupported',
      `Left out: found ${found}, expected a file that can be made again`,
    );
  }
  const kind = node.type === 'fifo' ? ['p'] : [node.type === 'block' ? 'b' : 'c', ...deviceNumbers(node)];
  try {
    await promisify(execFile)('mknod', ['-m', '600', '--', text, ...kind], { timeout: MKNOD_TIMEOUT });
  } catch (thrown) {
    const { stderr } = thrown as { stderr?: string };
    throw new IsodriveError(
      'permission',
      `Left out the ${node.type}: ${(stderr ?? '').trim() || 'mknod failed'}`,
      {
        cause: thrown,
        action: 'Extract as root to keep device nodes',
      },
    );
  }
  chmodSync(text, node.mode & 0o7777);
}

function deviceNumbers(node: NodeRecord): [string, string] {
  return [String(node.device?.major ?? 0), String(node.device?.minor ?? 0)];
}
