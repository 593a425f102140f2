// Answers libfuse's requests from an index. Everything that is in memory already is answered in the same turn; every
// request is answered exactly once, because a thread of libfuse waits for it.
import { ERRNO_NUMBERS } from '../../base/error.js';
import { MAX_NAME_BYTES, MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import { ROW } from '../../index/layout.js';
import { readNode } from '../../index/node-record.js';
import type { NodeRecord, NodeTime } from '../../index/node-record.js';
import type { ServedImage } from '../served-image.js';
import { shownNames } from './directory-aliases.js';
import type { NativeOperations, NativeStat } from '../../io/load-fuse-native.js';
import { directoryFault, ENOTDIR, NativeFault, PathResolver, toFault } from './path-resolver.js';

const BLOCK_BYTES = 2048;
/** Unit of st_blocks (POSIX sys/stat.h leaves it open; Linux: stat(2)). */
const STAT_BLOCK_BYTES = 512;
const EINVAL = new NativeFault(ERRNO_NUMBERS.EINVAL);
const EIO = new NativeFault(ERRNO_NUMBERS.EIO);

/** What a mount needs to answer; dropped when it has ended, because the package holds on to its handlers for ever. */
interface Served {
  readonly image: ServedImage;
  readonly paths: PathResolver;
}

export class Operations implements NativeOperations {
  #served: Served | undefined;

  constructor(image: ServedImage) {
    this.#served = { image, paths: new PathResolver(image) };
  }

  /** Answers EIO from now on, and lets the image go. */
  close(): void {
    this.#served = undefined;
  }

  // The package detaches its methods from nothing, but calls them on an object of its own: hence the arrow functions.

  readonly getattr: NativeOperations['getattr'] = (path, reply) => {
    this.#at(path, reply, ({ image }, row) => reply(0, toStat(readNode(image.table, row))));
  };

  readonly readlink: NativeOperations['readlink'] = (path, reply) => {
    this.#at(path, reply, ({ image }, row) => {
      const { target } = readNode(image.table, row);
      if (target === undefined) reply(EINVAL.result);
      else reply(0, new TextDecoder('utf-8', { ignoreBOM: true }).decode(target));
    });
  };

  readonly readdir: NativeOperations['readdir'] = (path, reply) => {
    this.#at(path, reply, async ({ image }, row) => {
      const { table } = image;
      if (table.type(row) !== MODE_TYPE.directory) {
        reply(ENOTDIR.result);
        return;
      }
      await image.load(row);
      const fault = directoryFault(table, row);
      if (fault !== undefined) reply(fault.result);
      else {
        const names = ['.', '..', ...shownNames(table, row)];
        const first = table.word(row, ROW.first);
        const rows = [row, table.word(row, ROW.parent), ...names.slice(2).map((_, i) => first + i)];
        const entries = rows.map((entry) => ({
          mode: table.word(entry, ROW.mode),
          ino: table.wide(entry, ROW.inodeLow),
        }));
        reply(0, names, entries);
      }
    });
  };

  /** The handle is row + 1: the package takes 0 for none. */
  readonly open: NativeOperations['open'] = (path, _flags, reply) => {
    this.#at(path, reply, async ({ image }, row) => {
      await image.check(row);
      reply(0, row + 1);
    });
  };

  readonly read: NativeOperations['read'] = (_path, handle, buffer, length, position, reply) => {
    const served = this.#served;
    if (served === undefined) {
      reply(EIO.result);
      return;
    }
    const { image } = served;
    const row = handle - 1;
    const size = image.table.wide(row, ROW.sizeLow);
    // Into memory of our own: libfuse's may be written to only in the turn that answers.
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - position)));
    image.read(row, bytes, position).then(
      (got) => {
        bytes.copy(buffer, 0, 0, got);
        reply(got);
      },
      (thrown: unknown) => reply(toFault(thrown).result),
    );
  };

  readonly statfs: NativeOperations['statfs'] = (_path, reply) => {
    const served = this.#served;
    if (served === undefined) {
      reply(EIO.result);
      return;
    }
    const { volumeSize, table } = served.image;
    reply(0, {
      bsize: BLOCK_BYTES,
      frsize: BLOCK_BYTES,
      blocks: Math.ceil(volumeSize / BLOCK_BYTES),
      files: table.rowCount,
      namemax: MAX_NAME_BYTES,
    });
  };

  /** Runs `step` at the row of a path and answers with the fault when there is one. */
  #at(
    path: string,
    reply: (result: number) => void,
    step: (served: Served, row: number) => void | Promise<void>,
  ): void {
    const served = this.#served;
    if (served === undefined) {
      reply(EIO.result);
      return;
    }
    const found = served.paths.resolve(path);
    if (typeof found === 'number') {
      const pending = step(served, found);
      pending?.catch((thrown: unknown) => reply(toFault(thrown).result));
    } else if (found instanceof NativeFault) reply(found.result);
    else {
      found
        .then((row) => (row instanceof NativeFault ? reply(row.result) : step(served, row)))
        .catch((thrown: unknown) => reply(toFault(thrown).result));
    }
  }
}

function toStat(node: NodeRecord): NativeStat {
  return {
    mode: node.mode,
    uid: node.userId,
    gid: node.groupId,
    size: node.size,
    nlink: node.links,
    ino: node.inode,
    rdev: node.device === undefined ? 0 : encodeDevice(node.device.major, node.device.minor),
    blksize: BLOCK_BYTES,
    blocks: Math.ceil(node.size / STAT_BLOCK_BYTES),
    atime: toMilliseconds(node.accessed),
    mtime: toMilliseconds(node.modified),
    ctime: toMilliseconds(node.changed),
  };
}

/** Linux's 32-bit device number (include/linux/kdev_t.h new_encode_dev). */
function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** The package divides an unsigned number, so times before 1970 show as the epoch. */
function toMilliseconds({ seconds, microseconds }: NodeTime): number {
  return Math.max(0, seconds * 1000 + Math.floor(microseconds / 1000));
}
