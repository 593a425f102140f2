// Puts the daemon and the threads that it starts into few files (dist/bundle), for the sake of their start: a reader, of
// which every mount takes one, loads 200 modules, which takes longer than to open an image. What is compiled stays as it
// is, and is what all else uses.
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'dist', 'bundle');

/** Name in the bundle -> what it starts with. All lie in one folder: a thread is found beside whoever starts it. */
const programs = {
  isodrived: 'dist/daemon/main.js',
  'reader-worker': 'dist/daemon/reader/reader-worker.js',
  'hash-thread': 'dist/src/imaging/hash/hash-thread.js',
};

/** Rejects with what rolldown says. */
export async function bundlePrograms() {
  // Not there yet when the script that installs it begins.
  const { rolldown } = await import('rolldown');
  const input = Object.fromEntries(Object.entries(programs).map(([name, path]) => [name, join(root, path)]));
  // pino starts threads from files of its own.
  const bundle = await rolldown({ input, platform: 'node', external: ['pino'], logLevel: 'warn' });
  try {
    // Beside those of earlier builds, from which a daemon that runs may still have to load a part.
    await bundle.write({ dir: folder, format: 'esm', chunkFileNames: '[name]-[hash].js' });
  } finally {
    await bundle.close();
  }
}
