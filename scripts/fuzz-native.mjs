// Fuzzes the native parts: builds each target of test/native/fuzz with clang (libFuzzer, AddressSanitizer, UBSan) and
// runs it on its corpus. With --replay, builds it with the C++ compiler alone and runs it on the corpus once, as the
// tests do. Arguments: --seconds N (of each target; 60 where absent), --replay, then targets (all where none).
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { modified } from './addon-units.mjs';

const root = join(import.meta.dirname, '..');
const native = join(root, 'native');
const folder = join(root, 'test', 'native', 'fuzz');
const corpus = join(root, 'test', 'corpus', 'native');
const output = join(root, 'build', 'fuzz');
const KEEPER = ['notify-socket.cc', 'descriptor-store.cc', 'close-apart.cc'].map((name) => `keeper/${name}`);
const REPLIES = [
  ...['fuse/fuse-handlers.cc', 'fuse/fuse-attributes.cc', 'index/index-view.cc'],
  ...['read-plan', 'data-reader', 'file-reader', 'unit-reader', 'unit-cache', 'unit-arena'].map(
    (name) => `io/${name}.cc`,
  ),
];
const SESSION = [
  ...['fuse-session', 'server-desk', 'slow-reads', 'request-log', 'leadership'].map(
    (name) => `fuse/${name}.cc`,
  ),
  ...['fuse/unit-fills.cc', 'fuse/unit-read-ahead.cc'],
  ...['index/index-region.cc', 'index/crash-note.cc', 'system/worker-thread.cc', 'system/wake-signal.cc'],
];
const SUPPORT = ['guarded-region.cc', 'memory-image.cc', 'reply-sink.cc'];

/** Target -> what of native/ and of the folder of targets it is made of. */
const TARGETS = {
  'fuse-requests': { parts: [...REPLIES, ...SESSION], support: SUPPORT },
  'index-view': { parts: REPLIES, support: SUPPORT },
  'unit-cache': { parts: ['io/unit-cache.cc', 'io/unit-arena.cc'], support: [] },
  'keeper-messages': { parts: KEEPER, support: [] },
};
/** An input that is longer finds nothing that a shorter one does not. */
const MAX_BYTES = 16_384;

const FLAGS = [
  ...['-std=c++20', '-O1', '-g', '-fno-exceptions', '-fno-rtti', '-fno-omit-frame-pointer', '-pthread'],
  ...['-Wall', '-Wextra', '-Werror', '-fno-sanitize-recover=all', `-I${native}`],
  `-DISODRIVE_FUZZ_INDEX="${join(corpus, 'index-view', 'rock-ridge')}"`,
];
const BUILDS = {
  fuzz: { compiler: process.env.CLANGXX ?? 'clang++', flags: ['-fsanitize=fuzzer,address,undefined'] },
  replay: { compiler: process.env.CXX ?? 'g++', flags: ['-fsanitize=address,undefined'] },
};

function run(program, args, env) {
  const options = { stdio: 'inherit', env: { ...process.env, ...env } };
  const { status, error } = spawnSync(program, args, options);
  if (error !== undefined) process.stderr.write(`Cannot run "${program}": ${error.message}\n`);
  return status ?? 1;
}

/** Runs as many compilers at a time as there are processors; false when one of them fails. */
async function compileAll(compiler, commands) {
  const queue = [...commands];
  let isDone = true;
  const worker = async () => {
    for (let args = queue.pop(); args !== undefined && isDone; args = queue.pop()) {
      const child = spawn(compiler, args, { stdio: 'inherit' });
      const code = await new Promise((resolve) => child.on('error', () => resolve(127)).on('close', resolve));
      if (code !== 0) isDone = false;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return isDone;
}

/**
 * Builds what is older than any source. Gives the programs of the targets, or undefined where they cannot be
 * compiled.
 */
async function buildAll(targets, kind) {
  const { compiler, flags } = BUILDS[kind];
  const files = [native, folder].flatMap((path) =>
    readdirSync(path, { recursive: true }).map((name) => join(path, name)),
  );
  const headers = files.filter((file) => file.endsWith('.hh'));
  const newest = Math.max(...[import.meta.filename, ...headers].map(modified));
  const objectOf = (source) => join(output, kind, `${relative(root, source).replaceAll('/', '-')}.o`);
  const sourcesOf = (target) => [
    ...TARGETS[target].parts.map((name) => join(native, name)),
    ...[`${target}.cc`, ...TARGETS[target].support].map((name) => join(folder, name)),
    ...(kind === 'replay' ? [join(folder, 'replay.cc')] : []),
  ];
  const stale = [...new Set(targets.flatMap(sourcesOf))].filter(
    (source) => modified(objectOf(source)) <= Math.max(newest, modified(source)),
  );
  mkdirSync(join(output, kind), { recursive: true });
  const programs = targets.map((target) => join(output, kind, target));
  const isBuilt =
    (await compileAll(
      compiler,
      stale.map((source) => [...FLAGS, ...flags, '-c', source, '-o', objectOf(source)]),
    )) &&
    (await compileAll(
      compiler,
      targets.map((target, i) => [
        '-pthread',
        ...flags,
        ...sourcesOf(target).map(objectOf),
        '-o',
        programs[i],
      ]),
    ));
  if (!isBuilt) process.stderr.write(`Cannot build the fuzz targets with "${compiler}"\n`);
  return isBuilt ? programs : undefined;
}

/** Node's own environment of a sanitizer's run is not the program's. */
const ENVIRONMENT = { LD_PRELOAD: '', ASAN_OPTIONS: 'detect_leaks=1', UBSAN_OPTIONS: 'print_stacktrace=1' };

function fuzz(target, program, seconds) {
  const found = join(output, 'found', target);
  mkdirSync(found, { recursive: true });
  return run(
    program,
    [
      ...[`-max_total_time=${seconds}`, `-max_len=${MAX_BYTES}`, '-timeout=60', '-print_final_stats=1'],
      ...[`-artifact_prefix=${found}-`, found, join(corpus, target)],
    ],
    ENVIRONMENT,
  );
}

function replay(target, program) {
  const inputs = readdirSync(join(corpus, target)).map((name) => join(corpus, target, name));
  return run(program, inputs, ENVIRONMENT);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, replay: { type: 'boolean', default: false } },
});
const targets = positionals.length === 0 ? Object.keys(TARGETS) : positionals;
const unknown = targets.find((name) => TARGETS[name] === undefined);
if (unknown !== undefined || !/^[1-9]\d*$/.test(values.seconds)) {
  process.stderr.write(`Expected --seconds N and targets of: ${Object.keys(TARGETS).join(', ')}\n`);
  process.exit(2);
}
const programs = await buildAll(targets, values.replay ? 'replay' : 'fuzz');
const codes = programs?.map((program, i) =>
  values.replay ? replay(targets[i], program) : fuzz(targets[i], program, values.seconds),
);
process.exit(Math.max(...(codes ?? [1])));
