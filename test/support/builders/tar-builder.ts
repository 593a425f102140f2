// Writes a tar archive of files that exist nowhere: owners and device nodes need no root then.

/** One member; `type` as in a manifest. */
export interface TarMember {
  readonly type: 'f' | 'd' | 'l' | 'c' | 'b' | 'p' | 'h';
  /** Relative, at most 100 bytes. */
  readonly path: string;
  readonly mode?: number;
  readonly userId?: number;
  readonly groupId?: number;
  /** Seconds since the epoch. */
  readonly modified?: number;
  readonly content?: Uint8Array;
  /** Symlinks and hard links ("h"). */
  readonly target?: string;
  readonly device?: readonly [number, number];
}

const BLOCK = 512;
const TYPE_FLAGS = { f: '0', h: '1', l: '2', c: '3', b: '4', d: '5', p: '6' } as const;

export function buildTar(members: readonly TarMember[]): Uint8Array {
  const blocks = members.flatMap((member) => {
    const content = member.content ?? new Uint8Array();
    return [
      header(member, content.length),
      content,
      Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK),
    ];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/** POSIX.1-1988 ustar. */
function header(member: TarMember, size: number): Uint8Array {
  const bytes = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number): void =>
    void bytes.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  if (Buffer.byteLength(member.path) > 100) throw new RangeError(`Path "${member.path}" is too long`);
  bytes.write(member.path, 0);
  octal(member.mode ?? 0o644, 100, 7);
  octal(member.userId ?? 0, 108, 7);
  octal(member.groupId ?? 0, 116, 7);
  octal(size, 124, 11);
  octal(member.modified ?? 0, 136, 11);
  bytes.write(' '.repeat(8) + TYPE_FLAGS[member.type], 148, 'latin1');
  bytes.write(member.target ?? '', 157);
  bytes.write('ustar\x0000', 257, 'latin1');
  octal(member.device?.[0] ?? 0, 329, 7);
  octal(member.device?.[1] ?? 0, 337, 7);
  octal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  bytes[154] = 0;
  return bytes;
}
