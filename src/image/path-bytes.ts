// The exact path of a row: bytes, because names on a disc need not be UTF-8.
import type { IndexTable } from '../index/index-table.js';
import { ROOT_ROW } from '../index/index-table.js';
import { ROW } from '../index/layout.js';

const SLASH = 0x2f;

/** Path from "/". */
export function pathBytes(table: IndexTable, row: number): Uint8Array {
  if (row === ROOT_ROW) return Uint8Array.of(SLASH);
  const names: Uint8Array[] = [];
  let length = 0;
  for (let at = row; at !== ROOT_ROW; at = table.word(at, ROW.parent)) {
    const name = table.name(at);
    names.push(name);
    length += 1 + name.length;
  }
  const path = new Uint8Array(length);
  let end = length;
  for (const name of names) {
    end -= name.length;
    path.set(name, end);
    end -= 1;
    path[end] = SLASH;
  }
  return path;
}
