// What the readers of one mount notice of a hostile image beside it: the time of an uncached 4 KiB read, with and
// without. The hostile images are made by the preloaded module of the tests: their readers loop, want all memory, or
// crash.
import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toIsodriveError } from '../../src/base/error.js';
import { ControlClient } from '../../src/protocol/client.js';
import type { ContestantContext } from './contestants.js';
import { LARGE_NAME } from './images.js';
import type { BenchImages } from './images.js';
import { warmFile } from './kernel-caches.js';
import { PrivateDaemon } from '../support/private-daemon.js';
import type { Probe, Sample } from './probe.js';

const FAULTS = ['loop', 'eat', 'crash'] as const;
/** Processor time of a reader that loops: longer than the reads beside it take. */
const READER_SECONDS = '120';
const READS = 4000;
const BLOCK_BYTES = 4096;

export interface NeighbourFigures {
  readonly fault: (typeof FAULTS)[number];
  /** Microseconds a read, one figure a repetition: alone, and beside the hostile image. */
  readonly alone: number[];
  readonly beside: number[];
}

export async function measureNeighbours(
  context: ContestantContext & { readonly images: BenchImages },
  project: string,
  probe: Probe,
  repetitions: number,
): Promise<NeighbourFigures[]> {
  const preload = join(project, 'test', 'support', 'fakes', 'hostile-reader.mjs');
  // The name decides.
  const sample = join(project, 'test', 'corpus', 'ok', 'copying-rr.iso');
  const folder = join(context.folder, 'neighbours');
  const env = { NODE_OPTIONS: `--import=${preload}`, ISODRIVE_READER_SECONDS: READER_SECONDS };
  const daemon = new PrivateDaemon({ project, folder, env });
  const results = FAULTS.map((fault): NeighbourFigures => ({ fault, alone: [], beside: [] }));
  try {
    await daemon.start();
    await mkdir(folder, { recursive: true });
    const directory = await mkdtemp(join(folder, 'mount-'));
    await warmFile(context.images.mixed.path);
    await daemon.must('mount', context.images.mixed.path, directory, '--driver', 'fuse');
    const file = join(directory, LARGE_NAME);
    // No block twice: it would be cached.
    const blocks = Math.floor((await stat(file)).size / BLOCK_BYTES);
    const each = Math.min(READS, Math.floor(blocks / (2 * FAULTS.length * repetitions)));
    let skip = 0;
    const read = async (): Promise<number> => {
      const sample = await probe.random(file, 1, skip, each);
      skip += each;
      return perRead(sample);
    };
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      for (const { fault, alone, beside } of results) {
        const hostile = join(folder, `hostile-${fault}-open.iso`);
        await copyFile(sample, hostile);
        alone.push(await read());
        const stop = harass(join(folder, 'isodrive', 'control.sock'), hostile);
        beside.push(await read().finally(stop));
        await rm(hostile);
      }
    }
    await daemon.must('unmount', directory);
    return results;
  } finally {
    await daemon.stop();
  }
}

function perRead({ seconds, count }: Sample): number {
  return (seconds * 1e6) / count;
}

/** Asks for the mount of a hostile image again and again, until the function given is called. */
function harass(socket: string, image: string): () => Promise<void> {
  const stop = new AbortController();
  const asking = (async () => {
    await using client = await ControlClient.connect(socket);
    while (!stop.signal.aborted) {
      await client.call('mount', { image }, { signal: stop.signal }).catch((thrown: unknown) => {
        if (toIsodriveError(thrown).code === 'daemon-unreachable') throw thrown;
      });
    }
  })();
  return async () => {
    stop.abort();
    await asking;
  };
}
