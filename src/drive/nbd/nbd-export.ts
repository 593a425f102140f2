// What an NBD server offers: images by name, of which the first also answers to the empty name.
import { basename } from 'node:path';
import { encodePath } from '../../base/path-text.js';
import type { DataStream } from '../../disc/data-stream.js';
import { requireUserData } from '../open-drive-image.js';
import type { DriveImage } from '../open-drive-image.js';

export interface NbdExport {
  readonly name: string;
  readonly description: string;
  readonly reader: DataStream;
}

/**
 * Names each image by its file name, with "-2", "-3" and so on behind names that are taken. Throws `unsupported` for a
 * disc that has sound alone.
 */
export function nameExports(images: readonly DriveImage[]): NbdExport[] {
  const taken = new Set<string>();
  return images.map((image) => {
    const reader = requireUserData(image);
    // Names of exports are UTF-8 (NBD protocol); U+FFFD stands for other bytes.
    const plain = encodePath(basename(image.path)).toString();
    let name = plain;
    for (let i = 2; taken.has(name); i += 1) name = `${plain}-${i}`;
    taken.add(name);
    const content = image.hasSound ? 'data of a disc image, without its sound' : 'disc image';
    return { name, description: `${content}, sectors of 2048 bytes`, reader };
  });
}

export function findExport(exports: readonly NbdExport[], name: string): NbdExport | undefined {
  return name === '' ? exports[0] : exports.find((one) => one.name === name);
}
