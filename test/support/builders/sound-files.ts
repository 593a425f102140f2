// Sound of a CD for tests: samples that differ everywhere, and the files that hold them.

/** Sectors of samples, low byte first; another `seed` gives others. */
export function makeSound(sectors: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(sectors * 2352);
  let state = seed;
  for (let at = 0; at < bytes.length; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(state, at);
  }
  return bytes;
}

/** A WAVE file of 16 bits, two channels, 44100 Hz. */
export function wrapWave(samples: Uint8Array, extra: Uint8Array = new Uint8Array()): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + samples.length + extra.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(2, 22);
  header.writeUInt32LE(44_100, 24);
  header.writeUInt32LE(176_400, 28);
  header.writeUInt16LE(4, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples, extra]);
}

/** The same samples, high byte first. */
export function swapSound(samples: Buffer): Buffer {
  return Buffer.from(samples).swap16();
}
