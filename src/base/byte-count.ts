// A number of bytes in a message: "1 byte", "2 bytes".
export function countBytes(count: number | bigint): string {
  return `${count} ${Number(count) === 1 ? 'byte' : 'bytes'}`;
}
