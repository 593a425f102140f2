// Opens an image for a command that needs no mount, and finds the place in it that the command is about.
import { resolve } from 'node:path';
import type { TreeKind } from '../filesystem/file-tree.js';
import { openImage } from '../index/open-image.js';
import type { OpenedImage } from '../index/open-image.js';
import type { CommandArguments } from './command-spec.js';

/** Opens the argument `image` in the view that `--tree` names. Rejects as openImage does; the caller disposes it. */
export function openForCommand(args: CommandArguments, signal: AbortSignal): Promise<OpenedImage> {
  // The parser has checked the choice.
  const tree = (args.text('tree') ?? 'auto') as TreeKind | 'auto';
  return openImage(resolve(args.required('image')), { tree, signal });
}
