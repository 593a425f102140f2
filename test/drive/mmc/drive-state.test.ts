// The drive itself: who it is, what it tells each initiator of changes, its tray, its lock and its mode pages.
import { describe, expect, it } from 'vitest';
import { Medium } from '../../../src/drive/mmc/medium.js';
import { executeOnMissingUnit } from '../../../src/drive/mmc/execute.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { patternedBytes, plainDisc, TestDrive, readAnswer } from '../../support/fakes/drive.js';

const disc = () => plainDisc(new FaultySource(patternedBytes(8 * 2048)));
const READY = [0, 0, 0, 0, 0, 0];
const EJECT = [0x1b, 0, 0, 0, 2, 0];
const LOAD = [0x1b, 0, 0, 0, 3, 0];
const PREVENT = [0x1e, 0, 0, 0, 1, 0];
const ALLOW = [0x1e, 0, 0, 0, 0, 0];
const EVENTS = [0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0];
const SENSE = [0x03, 0, 0, 0, 18, 0];

describe('A drive', () => {
  it('says what it is', async () => {
    const inquiry = await new TestDrive(disc()).run([0x12, 0, 0, 0, 96, 0]);
    expect(inquiry.length).toBe(96);
    expect([inquiry[0], inquiry[1]]).toEqual([0x05, 0x80]);
    expect(inquiry.toString('latin1', 8, 36)).toBe('ISODRIVEVirtual disc    1.0 ');
  });

  it('has its serial number in the vital product data', async () => {
    const drive = new TestDrive(disc());
    expect((await drive.run([0x12, 1, 0, 0, 255, 0])).toString('hex')).toBe('05000003008083');
    expect((await drive.run([0x12, 1, 0x80, 0, 255, 0])).toString('latin1', 4)).toBe('TEST');
    expect((await drive.run([0x12, 1, 0x83, 0, 255, 0])).toString('latin1', 8)).toBe('ISODRIVETEST');
    expect(await drive.refusal([0x12, 1, 0xb0, 0, 255, 0])).toBe('5/24/0');
    expect(await drive.refusal([0x12, 0, 0x80, 0, 255, 0])).toBe('5/24/0');
  });

  it('refuses commands that it does not know, writing among them', async () => {
    const drive = new TestDrive(disc());
    for (const opcode of [0x2a, 0x04, 0x35, 0x5d, 0xa1, 0xff])
      expect(await drive.refusal([opcode])).toBe('5/20/0');
  });

  it('lists the units of its target', async () => {
    const units = await new TestDrive(disc()).run([0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0]);
    expect(units.toString('hex')).toBe('0000001000000000' + '0000000000000000' + '0001000000000000');
  });

  it('reports its reset once to everyone, and INQUIRY does not wait for that', async () => {
    const drive = new TestDrive(disc());
    const other = drive.drive.connect();
    expect(await drive.refusal(READY)).toBe('good');
    expect(await drive.refusal([0x12, 0, 0, 0, 36, 0], undefined, other)).toBe('good');
    expect(await drive.refusal(READY, undefined, other)).toBe('6/29/0');
    expect(await drive.refusal(READY, undefined, other)).toBe('good');
  });

  it('gives a pending unit attention to REQUEST SENSE', async () => {
    const drive = new TestDrive(disc());
    drive.drive.changeMedium(new Medium(disc()));
    const sense = await drive.run(SENSE);
    expect([sense[2], sense[12]]).toEqual([6, 0x28]);
    expect((await drive.run(SENSE))[2]).toBe(0);
  });

  it('tells every initiator that the disc was changed', async () => {
    const drive = new TestDrive(disc());
    const other = drive.drive.connect();
    other.takeAttention();
    drive.drive.changeMedium(undefined);
    expect(await drive.refusal(READY)).toBe('2/3a/1');
    drive.drive.changeMedium(new Medium(disc()));
    for (const nexus of [drive.nexus, other]) {
      expect(await drive.refusal(READY, undefined, nexus)).toBe('6/28/0');
      expect(await drive.refusal(READY, undefined, nexus)).toBe('good');
      const events = [];
      for (let i = 0; i < 3; i += 1) events.push((await drive.run(EVENTS, undefined, nexus))[4]);
      expect(events).toEqual([3, 2, 0]);
    }
  });

  it('opens and closes its tray, and has no disc in between', async () => {
    const drive = new TestDrive(disc());
    const moves: boolean[] = [];
    drive.drive.onTray = (isOpen) => moves.push(isOpen);
    expect(await drive.refusal(EJECT)).toBe('good');
    expect(await drive.refusal(READY)).toBe('2/3a/2');
    expect((await drive.run(EVENTS)).toString('hex')).toBe('0006041003010000');
    expect((await drive.run([0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0]))[1]).toBe(0x10);
    expect((await drive.run([0x46, 2, 0, 0, 0, 0, 0, 0, 8, 0])).readUInt16BE(6)).toBe(0);
    expect(await drive.refusal(LOAD)).toBe('good');
    expect(await drive.refusal(READY)).toBe('6/28/0');
    expect(await drive.refusal(READY)).toBe('good');
    expect(moves).toEqual([true, false]);
  });

  it('stays closed while any initiator forbids it, until that one has gone', async () => {
    const drive = new TestDrive(disc());
    const other = drive.drive.connect();
    other.takeAttention();
    await drive.run(PREVENT, undefined, other);
    expect(await drive.refusal(EJECT)).toBe('5/53/2');
    await drive.run(PREVENT);
    await drive.run(ALLOW, undefined, other);
    expect(await drive.refusal(EJECT, undefined, other)).toBe('5/53/2');
    drive.drive.disconnect(drive.nexus);
    expect(await drive.refusal(EJECT, undefined, other)).toBe('good');
  });

  it('supports polled media events only', async () => {
    const drive = new TestDrive(disc());
    expect(await drive.refusal([0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8, 0])).toBe('5/24/0');
    expect((await drive.run([0x4a, 1, 0, 0, 0x02, 0, 0, 0, 8, 0])).toString('hex')).toBe('00028010');
  });
});

describe('Mode pages', () => {
  it('tell of capabilities, with both headers', async () => {
    const drive = new TestDrive(disc());
    const short = await drive.run([0x1a, 0, 0x2a, 0, 255, 0]);
    expect([short[0], short[4], short[5]]).toEqual([short.length - 1, 0x2a, 0x16]);
    const long = await drive.run([0x5a, 0, 0x3f, 0, 0, 0, 0, 1, 0, 0]);
    expect(long.readUInt16BE(0)).toBe(long.length - 2);
    expect([long[8], long[20], long[32], long[48], long[58]]).toEqual([0x01, 0x0a, 0x0e, 0x1d, 0x2a]);
    expect(await drive.refusal([0x1a, 0, 0x0d, 0, 255, 0])).toBe('5/24/0');
    expect(await drive.refusal([0x1a, 0, 0xea, 0, 255, 0])).toBe('5/39/0');
  });

  it('show the lock', async () => {
    const drive = new TestDrive(disc());
    const lock = async (): Promise<number> => (await drive.run([0x1a, 0, 0x2a, 0, 255, 0]))[4 + 6]! & 2;
    expect(await lock()).toBe(0);
    await drive.run(PREVENT);
    expect(await lock()).toBe(2);
  });

  it('take what is changeable and nothing else', async () => {
    const drive = new TestDrive(disc());
    const page = (retries: number, reserved = 0): Uint8Array =>
      Uint8Array.of(0, 0, 0, 0, 1, 10, 0, retries, reserved, 0, 0, 0, 0, 0, 0, 0);
    const select = [0x15, 0x10, 0, 0, 16, 0];
    expect(await drive.refusal(select, page(9))).toBe('good');
    expect((await drive.run([0x1a, 0, 0x01, 0, 255, 0]))[4 + 3]).toBe(9);
    expect((await drive.run([0x1a, 0, 0x81, 0, 255, 0]))[4 + 3]).toBe(5);
    expect(await drive.refusal(select, page(9, 1))).toBe('5/26/0');
    expect(await drive.refusal(select, page(9).subarray(0, 12))).toBe('5/1a/0');
    expect(await drive.refusal([0x15, 0, 0, 0, 16, 0], page(9))).toBe('5/24/0');
    drive.drive.reset();
    expect(await drive.refusal(READY)).toBe('6/29/0');
    expect((await drive.run([0x1a, 0, 0x01, 0, 255, 0]))[4 + 3]).toBe(5);
  });
});

describe('A unit that does not exist', () => {
  it('says so to INQUIRY and REQUEST SENSE, and refuses the rest', async () => {
    const inquiry = executeOnMissingUnit(Uint8Array.of(0x12, 0, 0, 0, 36, 0), [0]);
    expect((await readAnswer(inquiry, 0, 1))[0]).toBe(0x7f);
    const sense = executeOnMissingUnit(Uint8Array.of(0x03, 0, 0, 0, 18, 0), [0]);
    expect((await readAnswer(sense, 0, 18))[12]).toBe(0x25);
    expect(() => executeOnMissingUnit(Uint8Array.of(0x28), [0])).toThrow('sense 5/25/00');
  });
});

describe('A disc', () => {
  it('is free when nobody holds it any more, and not before', async () => {
    const medium = new Medium(disc());
    await medium.whenFree();
    const releases = [medium.hold(), medium.hold()];
    let isFree = false;
    const free = medium.whenFree().then(() => (isFree = true));
    releases[0]!();
    await Promise.resolve();
    expect(isFree).toBe(false);
    releases[1]!();
    await free;
  });
});
