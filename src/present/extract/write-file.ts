// Writes a file's content to a stream: `cat`. The next chunk is read while the stream still holds the last, and never
// more than these two are under way, however slow the reader at the other end. A chunk is never used again: a stream
// that transforms or collects may keep it after it has asked for more.
import type { Writable } from 'node:stream';
import type { OpenedImage } from '../../image/open-image.js';
import { throwIfAborted } from '../../base/abort.js';
import { CHUNK_BYTES, openFile } from '../../image/file-content.js';

/**
 * Writes the file in `row` and resolves when the stream has taken its last byte; the stream is not ended. Rejects
 * with `usage` when the row is no file, as FileContent.read does, and with the stream's own error.
 */
export async function writeFileTo(
  image: OpenedImage,
  row: number,
  writable: Writable,
  signal?: AbortSignal,
): Promise<void> {
  const reader = openFile(image, row);
  let writing: Promise<void> = Promise.resolve();
  for (let position = 0; position < reader.size;) {
    throwIfAborted(signal);
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, reader.size - position));
    let got: number;
    try {
      got = await reader.read(chunk, position, signal);
    } finally {
      await writing;
    }
    writing = write(writable, chunk.subarray(0, got));
    // Awaited one turn later; a failure in between must not count as unhandled.
    writing.catch(() => undefined);
    position += got;
  }
  await writing;
}

/** Resolves when the stream needs the bytes no more. */
function write(writable: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(error);
    writable.once('error', onError);
    writable.write(bytes, (error) => {
      // An error reaches the callback first and the listeners a tick later.
      if (error == null) writable.removeListener('error', onError);
      if (error == null) resolve();
      else reject(error);
    });
  });
}
