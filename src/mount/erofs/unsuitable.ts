// Why an image cannot be served by EROFS: not an error of the image, and another driver can serve it.
import { IsodriveError } from '../../base/error.js';

/** `unsupported`, with what was found and what EROFS would need. */
export function unsuitable(source: string, found: string): IsodriveError {
  return new IsodriveError('unsupported', `Cannot serve "${source}" by EROFS: ${found}`, {
    action: 'Use --driver fuse, which reads every image',
  });
}
