// Digests of a whole file, however it is stored.
import type { FileContent } from '../../filesystem/contract/file-content.js';
import { DigestSet } from './digests.js';
import type { Algorithm, Digests } from './digests.js';

/** Bytes of a read. */
export const CONTENT_CHUNK_BYTES = 1_048_576;

/** `buffer` is scratch, of CONTENT_CHUNK_BYTES. Rejects as FileContent.read does. */
export async function hashContent(
  content: FileContent,
  algorithms: readonly Algorithm[],
  buffer: Uint8Array,
  signal?: AbortSignal,
): Promise<Digests> {
  const digests = new DigestSet(algorithms);
  for (let position = 0; position < content.size;) {
    const got = await content.read(buffer, position, signal);
    digests.update(buffer.subarray(0, got));
    position += got;
  }
  return digests.finish();
}
