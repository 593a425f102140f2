// Puts the command line, the daemon, and the threads and programs that it starts into few files (dist/bundle),
// straight from their sources: for the sake of their start, as one loads 200 modules otherwise, and so that mounting
// a disc needs no TypeScript compiler.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'dist', 'bundle');

/**
 * Name in the bundle -> what it starts with. All lie in one folder: a thread or program is found beside whoever
 * starts it. The command line is CommonJS, which starts faster, and the only one that is started anew all the time.
 */
const BUNDLES = [
  { format: 'cjs', extension: 'cjs', programs: { isodrive: 'src/cli/start.ts', main: 'src/cli/main.ts' } },
  {
    format: 'esm',
    extension: 'js',
    programs: {
      isodrived: 'daemon/main.ts',
      'reader-worker': 'daemon/reader/reader-worker.ts',
      'hash-thread': 'src/imaging/hash/hash-thread.ts',
      'list-mount-users': 'src/mount/list-mount-users.ts',
    },
  },
];

/**
 * Each file costs the start of a command, and each byte too: what all commands share is one file, and what all that
 * read an image themselves share is another.
 */
const SHARED = [
  {
    name: 'command-line',
    test: /\/src\/cli\/(?:parse-command|output|report-error)\.ts$|usingCtx/u,
    priority: 2,
  },
  {
    name: 'read-image',
    test: /\/src\/(?:cli\/(?:open-for-command|find-in-image)|present\/list\/(?:list-entries|format-entry))\.ts$/u,
    priority: 1,
  },
  // What only some discs need.
  { name: 'read-udf', test: /\/src\/filesystem\/udf\/(?:open-volume|udf-tree|summarize-volume)\.ts$/u },
  {
    name: 'read-apple',
    test: /\/src\/filesystem\/(?:hfs\/catalog-tree|hfs(?:plus)?\/hfs(?:plus)?-volume)\.ts$/u,
  },
];

/** What users run. */
export const COMMANDS = ['isodrive.cjs', 'isodrived.js'].map((name) => join(folder, name));

/** Rejects with what rolldown says. */
export async function bundlePrograms() {
  for (const one of BUNDLES) await bundlePart(one);
  for (const path of COMMANDS) chmodSync(path, 0o755);
}

/** In ASCII alone: V8 takes half the room for it, and node has nothing to decode. */
const ASCII = {
  name: 'ascii',
  generateBundle(_options, files) {
    for (const file of Object.values(files)) {
      if (file.type === 'chunk') file.code = file.code.replaceAll(/[^\0-\x7f]/g, escapeUnit);
    }
  },
};

/** A half of a character beyond U+FFFF too. */
function escapeUnit(unit) {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

async function bundlePart({ format, extension, programs }) {
  // Not there yet when the script that installs it begins.
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(programs).map(([name, path]) => [name, join(root, path)])),
    platform: 'node',
    plugins: [ASCII],
    // pino starts threads from files of its own.
    external: ['pino'],
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    tsconfig: join(root, 'tsconfig.json'),
    transform: {
      target: 'node20',
      inject: { performance: [join(import.meta.dirname, 'bundle-clock.mjs'), 'performance'] },
    },
    // What yargs does with it, it does for configuration files, of which there are none.
    checks: { emptyImportMeta: false },
    logLevel: 'warn',
  });
  try {
    // Beside those of earlier builds, from which a daemon that runs may still have to load a part.
    await bundle.write({
      dir: folder,
      format,
      entryFileNames: `[name].${extension}`,
      chunkFileNames: `[name]-[hash].${extension}`,
      comments: { legal: true, jsdoc: false, annotation: true },
      codeSplitting: { groups: SHARED },
    });
  } finally {
    await bundle.close();
  }
}
