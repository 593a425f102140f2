// The Q sub-channel in both forms: right, damaged, empty, and changed on purpose.
import { describe, expect, it } from 'vitest';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { qChecksum } from '../../../src/disc/q-checksum.js';
import type { SbiFile } from '../../../src/disc/sbi-file.js';
import type { Check } from '../../../src/imaging/verify/check.js';
import { runPass } from '../../../src/imaging/verify/image-pass.js';
import { SubchannelScan } from '../../../src/imaging/verify/subchannel-scan.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';

const FORMS = ['linear', 'interleaved'] as const;

/** The 96 bytes of a sector whose Q is this. */
function store(q: Uint8Array, form: (typeof FORMS)[number]): Buffer {
  const bytes = Buffer.alloc(96);
  if (form === 'linear') bytes.set(q, 12);
  else for (let i = 0; i < 96; i += 1) bytes[i] = ((q[i >> 3]! >> (7 - (i & 7))) & 1) << 6;
  return bytes;
}

function makeQ(block: number): Buffer {
  const q = Buffer.from([0x41, 1, 1, 0, 0, block, 0, 0, 2, block, 0, 0]);
  q.writeUInt16BE(qChecksum(q), 10);
  return q;
}

async function scan(qs: readonly Buffer[], form: (typeof FORMS)[number], sbi?: SbiFile): Promise<Check[]> {
  const source = new FaultySource(Buffer.concat(qs.map((q) => store(q, form))));
  const one = new SubchannelScan({ stream: PlanStream.plain(source), form }, sbi);
  await runPass(source, [one]);
  return one.finish();
}

describe.each(FORMS)('the Q sub-channel, %s', (form) => {
  it('agrees where each block fits its CRC, and says which are empty', async () => {
    expect(await scan([makeQ(0), makeQ(1), Buffer.alloc(12)], form)).toMatchObject([
      { kind: 'subchannel', status: 'ok', detail: '2 sectors agree' },
      { status: 'unchecked', detail: '1 sectors have an empty Q' },
    ]);
  });

  it('tells the sectors whose data do not fit', async () => {
    const bad = [makeQ(1), makeQ(2)];
    for (const q of bad) q[4]! ^= 0x10;
    expect(await scan([makeQ(0), ...bad, makeQ(3)], form)).toMatchObject([
      { status: 'mismatch', detail: 'sectors 1 to 2, Q: data do not fit the CRC' },
      { status: 'ok', detail: '2 sectors agree' },
    ]);
  });

  it('compares what was changed on purpose with what a file says of it', async () => {
    const changed = makeQ(1);
    changed[5]! ^= 0x01;
    const patches = new Map([[1, { at: 3, bytes: Buffer.from(changed.subarray(3, 6)) }]]);
    const sbi = { name: 'game.sbi', patches };
    expect(await scan([makeQ(0), changed], form, sbi)).toMatchObject([
      { status: 'ok', detail: '1 sectors agree' },
      { status: 'ok', detail: '1 sectors are changed as "game.sbi" says' },
    ]);
    expect(await scan([makeQ(0), makeQ(1)], form, sbi)).toMatchObject([
      { status: 'mismatch', detail: 'sector 1, Q: it is not as "game.sbi" says' },
      { status: 'ok' },
    ]);
  });
});
