// Opens an image for a command that needs no mount, and finds the place in it that the command is about.
import { resolveHostPath } from '../base/path-text.js';
import { openImage } from '../image/open-image.js';
import type { OpenedImage } from '../image/open-image.js';
import type { CommandArguments } from './command-spec.js';
import { readViewOptions } from './view-options.js';

/** Opens the argument `image` in the view that is asked for. Rejects as openImage does; the caller disposes it. */
export function openForCommand(args: CommandArguments, signal: AbortSignal): Promise<OpenedImage> {
  return openImage(resolveHostPath(args.required('image')), { ...readViewOptions(args), signal });
}
