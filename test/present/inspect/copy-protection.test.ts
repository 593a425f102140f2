// What `info` says of encrypted video.
import { describe, expect, it } from 'vitest';
import { reportCopyProtection } from '../../../src/present/inspect/copy-protection.js';
import { openBytes } from '../../support/judges/opened-bytes.js';
import {
  buildUdf,
  directory,
  fileEntry,
  identifier,
  shortExtent,
  textFile,
} from '../../../scripts/support/udf-builder.js';

const [FOLDER, TITLE, DATA] = [8, 9, 20];

/** A sector of video, its scrambling control set or not. */
function pack(control: number): Uint8Array {
  const bytes = Buffer.alloc(2048);
  bytes.set([0, 0, 1, 0xba], 0);
  bytes.set([0, 0, 1, 0xe0, 7, 0xec, 0x80 | control], 14);
  return bytes;
}

async function findCodes(name: string, title: string, ...packs: Uint8Array[]): Promise<string[]> {
  const data = Buffer.concat(packs);
  const bytes = buildUdf({
    root: [identifier(name, FOLDER, { characteristics: 2 })],
    blocks: {
      [FOLDER]: directory(FOLDER, 1, [identifier(title, TITLE)]),
      [TITLE]:
        data.length === 0
          ? textFile(TITLE, 'key')
          : fileEntry({
              block: TITLE,
              kind: 0,
              allocation: shortExtent(data.length, DATA),
              size: data.length,
            }),
      [DATA]: data,
    },
  });
  await using image = await openBytes(bytes);
  await reportCopyProtection(image);
  return image.findings.findings.map(({ code }) => code);
}

describe('Copy protection', () => {
  it('of a DVD is seen by its scrambled packs', async () => {
    expect(await findCodes('VIDEO_TS', 'VTS_01_1.VOB', pack(0), pack(0x10))).toEqual(['copy-protection-css']);
  });

  it('is not seen on a DVD without, and not in other files', async () => {
    expect(await findCodes('VIDEO_TS', 'VTS_01_1.VOB', pack(0), pack(0))).toEqual([]);
    expect(await findCodes('VIDEO_TS', 'OTHER.BIN', pack(0x30))).toEqual([]);
  });

  it('of a Blu-ray is seen by its folder AACS', async () => {
    expect(await findCodes('AACS', 'Unit_Key_RO.inf')).toEqual(['copy-protection-aacs']);
  });
});
