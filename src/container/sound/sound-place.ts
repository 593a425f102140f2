// Where the samples of a sound file are, for the formats that sheets name: only those of a CD can be a track.

import type { ByteSource } from '../../source/byte-source.js';

export const SAMPLE_RATE = 44_100;
/** Bytes of a sample of both channels. */
export const SAMPLE_BYTES = 4;
/** Chunks of a file that are passed over. */
export const MAX_CHUNKS = 256;

/** Samples of 16 bits, two channels, that follow each other. */
export interface SoundPlace {
  /** Byte of the first. */
  readonly offset: number;
  /** Byte behind the last. */
  readonly end: number;
  /** They are stored high byte first. */
  readonly swap16: boolean;
  /** What they are in where the file holds them coded: it stands for the file. */
  readonly decoded?: ByteSource;
}

/** What a file is that has no samples here. */
export interface NoSound {
  /** With its article, or a sentence of what was found. */
  readonly refusal: string;
  /** Samples that it says it has. */
  readonly samples?: number;
}

export function refuseFormat(channels: number, bits: number, rate: number): NoSound {
  const found = `sound of ${channels} channels, ${bits} bits and ${rate} Hz`;
  return { refusal: `${found}, expected 2, 16 and ${SAMPLE_RATE} as on a CD` };
}
