#!/usr/bin/env node
// Where the bundled command line starts: loads its files (CommonJS, of which node loads less than of modules), each
// as it was compiled the last time.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script, constants } from 'node:vm';
import { CompiledCode } from './compiled-code.js';

/** As node wraps them, which `__filename` and the rest are of. */
const WRAPPER = ['(function (exports, require, module, __filename, __dirname) {', '\n})'] as const;
/** The first file has no hash of its content in its name, and hardly any content. */
const MAIN = 'main.cjs';

type Body = (exports: object, require: (id: string) => unknown, module: object, ...paths: string[]) => void;

const folder = import.meta.dirname;
const requireOther = createRequire(import.meta.url);
const compiled = CompiledCode.open();
const loaded = new Map<string, { exports: object }>();

function load(name: string): object {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  const path = join(folder, name);
  compile(name, path)(module.exports, requireAny, module, path, folder);
  return module.exports;
}

function compile(name: string, path: string): Body {
  const kept = name === MAIN ? undefined : compiled;
  const cachedData = kept?.read(name);
  const script = new Script(`${WRAPPER[0]}${readFileSync(path, 'utf8')}${WRAPPER[1]}`, {
    filename: path,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  if (cachedData === undefined || script.cachedDataRejected === true) kept?.note(name, script);
  return script.runInThisContext() as Body;
}

function requireAny(id: string): unknown {
  return id.startsWith('./') ? load(id.slice(2)) : requireOther(id);
}

process.on('exit', () => compiled?.write());
load(MAIN);
