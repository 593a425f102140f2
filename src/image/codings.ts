// How files are stored that are not stored as they are: the only list of codings, by what the index calls them.
import type { CodedFile } from '../filesystem/content/block-content.js';
import type { FileContent } from '../filesystem/contract/file-content.js';
import { DecmpfsContent } from '../filesystem/hfsplus/decmpfs-content.js';
import { ZisofsContent } from '../filesystem/iso9660/zisofs/zisofs-content.js';
import { CODING } from '../index/layout.js';

type OpenCoded = (file: CodedFile) => FileContent;

export const CODINGS: ReadonlyMap<number, OpenCoded> = new Map<number, OpenCoded>([
  [CODING.zisofs, (file) => new ZisofsContent(file)],
  [CODING.decmpfs, (file) => new DecmpfsContent(file)],
]);
