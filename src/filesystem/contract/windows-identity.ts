// Label and serial number that Windows shows of a disc: programs compare them with those of the disc they came on.

export interface WindowsIdentity {
  /** Volume label; may be empty. */
  readonly label: string;
  /** Unsigned 32 bits. */
  readonly serial: number;
}

/**
 * The serial number of a volume: the descriptor that Windows has chosen, as numbers of 32 bits with the first byte
 * highest, added up without carry from byte to byte. Source: Microsoft's published driver for CD-ROMs
 * (Windows-driver-samples, cdfs), which takes the Joliet descriptor where there is one, and Wine's mount manager,
 * which does the same with the file set descriptor of UDF.
 */
export function computeWindowsSerial(descriptor: Uint8Array): number {
  const sums = new Uint8Array(4);
  // A loop: two thousand calls of a function take longer than all else that a listing does with a descriptor.
  for (let i = 0; i < descriptor.length; i += 1) sums[i % 4]! += descriptor[i]!;
  return new DataView(sums.buffer).getUint32(0);
}

/** Eight hexadecimal digits. */
export function formatWindowsSerial(serial: number): string {
  return serial.toString(16).toUpperCase().padStart(8, '0');
}
