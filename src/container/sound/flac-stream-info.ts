// The first metadata block of a FLAC file (RFC 9639 8.2).

const INFO_OFFSET = 8;
const INFO_BYTES = 34;
/** RFC 9639 8.2: in samples. */
const MIN_BLOCK = 16;

export interface StreamInfo {
  readonly rate: number;
  readonly channels: number;
  readonly bits: number;
  /** Samples of every block but the last; undefined where they differ. */
  readonly blockSamples: number | undefined;
  /** Undefined where the file does not say. */
  readonly samples: number | undefined;
}

/** `head`: the file from its first byte on; undefined where the block is not whole, or not there. */
export function parseStreamInfo(head: Buffer): StreamInfo | undefined {
  if (head.length < INFO_OFFSET + INFO_BYTES || head.toString('latin1', 0, 4) !== 'fLaC') return undefined;
  if ((head[4]! & 0x7f) !== 0) return undefined;
  const packed = head.readBigUInt64BE(INFO_OFFSET + 10);
  const [smallest, largest] = [head.readUInt16BE(INFO_OFFSET), head.readUInt16BE(INFO_OFFSET + 2)];
  const samples = Number(packed & 0xf_ffff_ffffn);
  return {
    rate: Number(packed >> 44n),
    channels: Number((packed >> 41n) & 7n) + 1,
    bits: Number((packed >> 36n) & 31n) + 1,
    blockSamples: smallest === largest && smallest >= MIN_BLOCK ? smallest : undefined,
    samples: samples === 0 ? undefined : samples,
  };
}
