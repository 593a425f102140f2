// What is used of the package seek-bzip, which declares no types.
declare module 'seek-bzip' {
  interface Output {
    writeByte(byte: number): void;
  }
  const Bunzip: { decode(input: Uint8Array, output: Output): void };
  export = Bunzip;
}
