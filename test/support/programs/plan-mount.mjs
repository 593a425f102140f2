// Mounts discs of given read plans, one after another, in a process of its own: units are decoded by its event loop.
// A line of standard input is an order in JSON, and is answered by a line: { mount: { directory, bases, segments,
// others, extents, budget } } by "mounted", { unmount: true } by the counters of the mount. What is stored of a unit is
// its bytes, each with all bits turned. It runs the compiled code, as users do; `npm test` compiles first.
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { loadAddon } from '../../../dist/native/index.js';
import { FindingLog } from '../../../dist/src/base/finding.js';
import { PlanStream } from '../../../dist/src/disc/plan-stream.js';
import { DiscStreams } from '../../../dist/src/disc/disc-streams.js';
import { DirectoryEntry, MODE_TYPE, addedExtent } from '../../../dist/src/filesystem/contract/file-tree.js';
import { DiscIndex } from '../../../dist/src/index/disc-index.js';
import { writePlan } from '../../../dist/src/index/plan-section.js';
import { createFuseDriver } from '../../../dist/src/mount/fuse/fuse-driver.js';
import { LocalImage } from '../../../dist/src/mount/local-image.js';
import { FileSource } from '../../../dist/src/source/file/file-source.js';
import { UnitSource } from '../../../dist/src/disc/unit-source.js';

const driver = createFuseDriver();

/** A root with one file, "f". */
function makeTree(extents, volumeSize) {
  return {
    kind: 'udf',
    label: 'PLAN',
    blockSize: 2048,
    volumeSize,
    readRoot: async () => Object.assign(new DirectoryEntry(), { mode: MODE_TYPE.directory | 0o555 }),
    isRootEmpty: async () => false,
    readDirectory: async (locator, size, sink) => {
      const file = new DirectoryEntry();
      file.name[0] = 'f'.charCodeAt(0);
      const length = extents.reduce((sum, extent) => sum + extent.length, 0);
      sink.add(
        Object.assign(file, {
          nameLength: 1,
          mode: MODE_TYPE.regular | 0o444,
          inode: 1,
          extents,
          size: length,
        }),
      );
    },
  };
}

async function openBase({ path, size, units }) {
  const of = await FileSource.open(path);
  if (units === undefined) return of;
  const { unitBytes, failing } = units;
  const decodeUnits = async (first, count, target) => {
    await setImmediate();
    await of.read(target, first * unitBytes);
    target.forEach((byte, i) => (target[i] = byte ^ 0xff));
    return Array.from({ length: count }, (_, i) =>
      failing.includes(first + i) ? new Error('Unit is damaged') : undefined,
    );
  };
  return new UnitSource({ of, size, unitBytes, decodeUnits });
}

async function mount({ directory, bases, segments, others, extents, budget }) {
  loadAddon().setUnitBudget(budget);
  const sources = await Promise.all(bases.map(openBase));
  const memory = driver.createMemory();
  const data = new PlanStream('planned', segments, sources);
  const [raw, subchannel] = others.map((one) => new PlanStream('planned', one, sources));
  const streams = new DiscStreams({ data, raw, subchannel: subchannel && { stream: subchannel } });
  writePlan(memory.plan, streams.native);
  const parts = extents.map(({ added, ...extent }) =>
    added === undefined ? extent : addedExtent(Buffer.from(added)),
  );
  const tree = makeTree(parts, data.size);
  const options = { streams: streams.byNumber };
  const index = await DiscIndex.open(tree, memory, new FindingLog(), 'planned', options);
  const image = new LocalImage({ index, data, streams });
  const active = await driver.mount({
    directory,
    sourceName: 'planned',
    label: '',
    allowOther: false,
    image,
  });
  return async () => {
    const { reads, decodedReads } = active.counters;
    await active.unmount({ lazy: true });
    await active.ended;
    await Promise.all(sources.map((source) => source[Symbol.asyncDispose]()));
    return { reads, decodedReads, unitBytes: loadAddon().unitBytes() };
  };
}

let unmount;
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (order.mount === undefined) process.stdout.write(`${JSON.stringify(await unmount())}\n`);
  else {
    unmount = await mount(order.mount);
    process.stdout.write('mounted\n');
  }
}
