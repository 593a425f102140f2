// Which drive a command is for, by the address of the transport and by what old initiators put into the command.
import { expect, it } from 'vitest';
import { LogicalUnits } from '../../../src/drive/iscsi/logical-units.js';
import { DriveState } from '../../../src/drive/mmc/drive-state.js';
import { Medium } from '../../../src/drive/mmc/medium.js';
import { patternedBytes, plainDisc, readAnswer } from '../../support/fakes/drive.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';

it("a command that names its unit a second time is that unit's, and no other is meant by it", async () => {
  const image = patternedBytes(4 * 2048);
  const drives = ['A', 'B'].map(
    (name) => new DriveState(name, new Medium(plainDisc(new FaultySource(image)))),
  );
  using units = new LogicalUnits(drives);
  const run = (unit: number, ...cdb: number[]): Promise<Buffer> =>
    readAnswer(units.execute(unit, Uint8Array.from(cdb), new Uint8Array()));
  const inquiry = [0x12, 1 << 5, 0, 0, 36, 0];
  const read = [0x28, 1 << 5, 0, 0, 0, 1, 0, 0, 1, 0];
  expect((await run(1, ...inquiry))[0]).toBe(5);
  await expect((async () => run(1, ...read))()).rejects.toThrow('6/29/00');
  expect(await run(1, ...read)).toEqual(image.subarray(2048, 4096));
  await expect((async () => run(0, ...inquiry))()).rejects.toThrow('5/24/00');
});
