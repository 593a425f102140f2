// A program stream of MPEG-1 with nothing to see: as much of one as programs for Video CDs look at.

/** Bytes of a pack: the user data of a sector of form 2. */
const PACK = 2324;
/** Sequence header, group of pictures, and the head of a picture of 352 x 288, 25 a second. */
const SEQUENCE = Buffer.from(
  '000001b316012083' + '02cd20a0' + '000001b800080040' + '00000100000ffff8',
  'hex',
);
const SYSTEM_HEADER = Buffer.from('000001bb0009801b910021ffe0e0e6', 'hex');
const PICTURES_EVERY = 25;

/** Packs of video, 2324 bytes each. */
export function videoPack(packs: number): Buffer {
  return Buffer.concat(
    Array.from({ length: packs }, (_, i) => {
      const pack = Buffer.alloc(PACK, 0x55);
      pack.set([0, 0, 1, 0xba], 0);
      pack.set(timeStamp(36_000 + 1200 * i, 2), 4);
      pack.set([0x80, 0x1b, 0x91], 9);
      let at = 12;
      if (i === 0) at += SYSTEM_HEADER.copy(pack, at);
      const length = PACK - at - 6;
      pack.set([0, 0, 1, 0xe0, length >> 8, length & 0xff], at);
      pack.set(timeStamp(37_000 + 1200 * i, 2), at + 6);
      if (i % PICTURES_EVERY === 0) SEQUENCE.copy(pack, at + 11);
      return pack;
    }),
  );
}

/** 33 bits with a marker behind each part (ISO 11172-1 2.4.3.2). */
function timeStamp(ticks: number, lead: number): number[] {
  const [middle, low] = [Math.floor(ticks / 2 ** 15) & 0x7fff, ticks & 0x7fff];
  return [(lead << 4) | 1, middle >> 7, ((middle & 0x7f) << 1) | 1, low >> 7, ((low & 0x7f) << 1) | 1];
}
