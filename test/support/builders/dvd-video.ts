// The information files of a DVD-Video with one title of four seconds, as dvdauthor 0.7.2 wrote them for a test
// picture, deflated; and the size of the title's video, whose content no information file knows.
import { inflateRawSync } from 'node:zlib';

const VIDEO_MANAGER =
  '7dUxCsIwFMbx76WBLoKUHsBeQOgBHDpEioM4CDmvB+oNXErTKdAl6GL9/5aEDCH54L0XYoi3cH2c432UdFLOqUmryUwbNg/L+Lfk' +
  'P73EsjcDKDHs+ndT1iWOvftO5wJ+3loH7cWWXRryHaEAAPAP879qJR2kqiYQ6bmk8iIHAMB+zQ==';
const TITLE_SET =
  '7dg9CsJAEIbhbzRqI6goNhaCnYXgESxiYRFElIC3Sc7kBbyLrUcQfza7goKdChLfB5IwEwiZSbGZjdM4XcTz5STdrCXb6llNHX1Z' +
  '4/KBh9QlmaRKiKsP96KiDrzkPrr29AEA/o4V55akpixEAADgD9Z/G+c+aktmUjRzQfar79zOsreOo046Wz9U35ravRV++8BXH3I9' +
  'yRL+jAAApZz/B27+N79vPrpl80w60BwAAEq9/neLsd8nEpoCAEDpDcPVzf0rN/tL2qmY/93uNwAAKJsr';
const VIDEO_BYTES = 684_032;

/** Files of the folder VIDEO_TS by name. */
export function dvdVideoFiles(): Map<string, Uint8Array> {
  const manager = inflateRawSync(Buffer.from(VIDEO_MANAGER, 'base64'));
  const titles = inflateRawSync(Buffer.from(TITLE_SET, 'base64'));
  return new Map<string, Uint8Array>([
    ['VIDEO_TS.IFO', manager],
    ['VIDEO_TS.BUP', manager],
    ['VTS_01_0.IFO', titles],
    ['VTS_01_0.BUP', titles],
    ['VTS_01_1.VOB', Buffer.alloc(VIDEO_BYTES, 'video')],
  ]);
}
