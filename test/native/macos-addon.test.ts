// The addon for macOS, which nothing here can run: that it compiles for both machines (so that the layouts and
// numbers of its requests are those of the system), and that a Mac's loader would find what it needs, by LLVM's
// reader of Mach-O.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { needs } from '../support/needs.js';

const PROJECT = join(import.meta.dirname, '..', '..');
const TOOLS = ['llvm-nm', 'llvm-objdump'] as const;
/** Milliseconds for a compiler on a busy machine. */
const PATIENCE = 300_000;
/** In the place of a library: what the process that loads the addon has. */
const PROCESS = 'process';
/** Library -> what the addon may take of it. */
const IMPORTS: Readonly<Record<string, RegExp>> = {
  [PROCESS]: /^_napi_/,
  'libc++': /^(?:__Z(?:nw|na|dl|da)|___cxa_pure_virtual$|__ZNSt3__112basic_string)/,
  libSystem: /^(?:___error|_abort|_ioctl|_mem\w+|_str\w+|dyld_stub_binder)$/,
  IOKit: /^_IO[A-Z]/,
  CoreFoundation: /^_CF[A-Z]/,
};

async function read(program: string, ...args: string[]): Promise<string> {
  return (await mustRun(program, args)).stdout.toString();
}

describe.each([
  ['arm64', 'ARM64'],
  ['x64', 'X86_64'],
] as const)('the addon for a Mac with %s', needs('zig at ISODRIVE_ZIG', ...TOOLS), (machine, header) => {
  const path = join(PROJECT, 'build', 'macos', `isodrive-macos-${machine}.node`);
  beforeAll(async () => {
    await mustRun(process.execPath, [join(PROJECT, 'scripts', 'build-macos.mjs')], { timeout: PATIENCE });
  }, PATIENCE);

  it('is a library for that machine, and for macOS 11', async () => {
    const headers = await read('llvm-objdump', '--macho', '--private-headers', path);
    expect(headers).toMatch(new RegExp(`MH_MAGIC_64 +${header} `));
    expect(headers).toMatch(/ (?:DYLIB|BUNDLE) /);
    expect(headers).toMatch(/platform macos\s+sdk [\d.]+\s+minos 11\.0/);
    // Apple's processors run nothing that is not signed; by whom does not matter.
    if (machine === 'arm64') expect(headers).toContain('LC_CODE_SIGNATURE');
  });

  it('gives Node what it looks for, and nothing else', async () => {
    const symbols = await read('llvm-nm', '--extern-only', '--defined-only', '--format=just-symbols', path);
    const own = symbols
      .split('\n')
      .filter((name) => name !== '' && !/^_+(?:dso_handle|mh_\w+_header)$/.test(name));
    expect(own.sort()).toEqual(['_napi_register_module_v1', '_node_api_module_get_api_version_v1']);
  });

  it('takes each function of the library that has it', async () => {
    const lines = (await read('llvm-nm', '-m', '--undefined-only', path)).split('\n').filter(Boolean);
    const found = lines.map((line) => /external (\S+)(?: \(from (.*)\))?$/.exec(line)?.slice(1) ?? [line]);
    expect(found.filter(([name = '', library = PROCESS]) => IMPORTS[library]?.test(name) !== true)).toEqual(
      [],
    );
    expect(new Set(found.map(([, library = PROCESS]) => library))).toEqual(new Set(Object.keys(IMPORTS)));
  });

  it('names libraries where every Mac has them', async () => {
    const used = await read('llvm-objdump', '--macho', '--dylibs-used', path);
    const paths = [...used.matchAll(/^\t(\/\S+)/gm)].map(([, library]) => library);
    expect(paths.sort()).toEqual([
      '/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation',
      '/System/Library/Frameworks/IOKit.framework/Versions/A/IOKit',
      '/usr/lib/libSystem.B.dylib',
      '/usr/lib/libc++.1.dylib',
    ]);
  });
});
