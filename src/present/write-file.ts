// Writes a file's content to a stream: `cat`. Two buffers take turns, so that the next read runs while the stream
// still holds the last; never more than that is in memory, however slow the reader at the other end.
import type { Writable } from 'node:stream';
import type { OpenedImage } from '../index/open-image.js';
import { throwIfAborted } from './abort.js';
import { CHUNK_BYTES, openFile } from './file-content.js';

/**
 * Writes the file in `row` and resolves when the stream has taken its last byte; the stream is not ended. Rejects
 * with `usage` when the row is no file, as FileReader.read does, and with the stream's own error.
 */
export async function writeFileTo(
  image: OpenedImage,
  row: number,
  writable: Writable,
  signal?: AbortSignal,
): Promise<void> {
  const reader = openFile(image, row);
  const length = Math.min(CHUNK_BYTES, reader.size);
  const buffers = [new Uint8Array(length), new Uint8Array(length)] as const;
  let writing: Promise<void> = Promise.resolve();
  for (let position = 0, turn = 0; position < reader.size; turn ^= 1) {
    throwIfAborted(signal);
    const buffer = buffers[turn === 0 ? 0 : 1];
    let got: number;
    try {
      got = await reader.read(buffer, position, signal);
    } finally {
      await writing;
    }
    writing = write(writable, buffer.subarray(0, got));
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
