// Extended attributes of files and folders as Linux names them. macOS has no namespaces: all are `user`, as servers for
// Macs keep them. What the attributes file has wrong costs the attributes of a file, never the file.
import { IsodriveError } from '../../base/error.js';
import type { BTreeNode } from '../hfs/b-tree.js';
import type { ListingJob } from '../hfs/catalog-tree.js';
import type { AttributeTree, FileAttribute } from './attribute-tree.js';
import { COMMON_RECORD, HAS_ATTRIBUTES } from './catalog-record.js';

/** XATTR_NAME_MAX of Linux. */
export const MAX_ATTRIBUTE_NAME_BYTES = 255;
const NAMESPACE = 'user.';

export class ExtraAttributes {
  readonly #tree: AttributeTree | undefined;

  constructor(tree: AttributeTree | undefined) {
    this.#tree = tree;
  }

  /** What the attributes file holds of the file or folder on whose catalog record the node is. */
  async list(node: BTreeNode, fileId: number, job: ListingJob): Promise<readonly FileAttribute[]> {
    if (this.#tree === undefined || (node.data.u16be(COMMON_RECORD.flags) & HAS_ATTRIBUTES) === 0) return [];
    try {
      return await this.#tree.list(fileId, job.signal);
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code !== 'damaged') throw thrown;
      job.report({
        code: 'damaged-attributes',
        severity: 'warning',
        message: `Extended attributes of file ${fileId} are left out: ${thrown.message}`,
        at: thrown.at ?? { source: node.key.sourceName, offset: node.offset },
      });
      return [];
    }
  }

  /** Names and values; undefined where there are none. */
  async read(
    found: readonly FileAttribute[],
    { attributes, report, signal }: ListingJob,
  ): Promise<(readonly [string, Uint8Array])[] | undefined> {
    const result: (readonly [string, Uint8Array])[] = [];
    for (const attribute of found) {
      const { name, size, offset, sourceName } = attribute;
      const full = NAMESPACE + name;
      if (name === '' || name.includes('\0') || Buffer.byteLength(full) > MAX_ATTRIBUTE_NAME_BYTES) {
        attributes.hasLeftOut = true;
        report({
          code: 'attribute-left-out',
          severity: 'note',
          message: `Extended attribute "${name}" is left out: Linux cannot have such a name`,
          at: { source: sourceName, offset },
        });
        continue;
      }
      const title = `Extended attribute "${name}"`;
      const read = (): Promise<Uint8Array> => attribute.read(signal);
      const value = await attributes.readValue('attribute', title, size, offset, read);
      if (value !== undefined) result.push([full, value]);
    }
    return result.length === 0 ? undefined : result;
  }
}
