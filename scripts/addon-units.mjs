// What the builds of the addons share: how C++ against Node-API is compiled, and which of it has to be compiled again.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const modules = join(import.meta.dirname, '..', 'node_modules');

/** For every compiler; the headers are those of npm's packages. */
export const ADDON_FLAGS = [
  ...['-std=c++20', '-O2', '-fno-exceptions', '-fno-rtti', '-Wall', '-Wextra', '-Werror'],
  ...['-DNAPI_VERSION=9', '-DNAPI_DISABLE_CPP_EXCEPTIONS', '-DNODE_ADDON_API_DISABLE_DEPRECATED'],
  // A thread of JavaScript that is being ended refuses every call, which must not end the process.
  '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
  ...['node-api-headers/include', 'node-addon-api'].flatMap((path) => ['-isystem', join(modules, path)]),
];

/** Milliseconds; 0 for what is not there. */
export function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * The sources below `folder` whose paths in it `accepts` takes, each with its object in `output`. Stale are those
 * that are older than their source, any such header, or `script`, which says how they are compiled.
 */
export function listUnits({ folder, output, script, accepts = () => true }) {
  const files = readdirSync(folder, { recursive: true }).filter(accepts);
  const headers = files.filter((file) => file.endsWith('.hh')).map((file) => join(folder, file));
  const newest = Math.max(...[import.meta.filename, script, ...headers].map(modified));
  const units = files
    .filter((file) => file.endsWith('.cc'))
    .map((file) => [join(folder, file), join(output, `${file}.o`)]);
  return {
    objects: units.map(([, object]) => object),
    stale: units.filter(([source, object]) => modified(object) <= Math.max(newest, modified(source))),
  };
}
