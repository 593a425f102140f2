// Names that are not UTF-8, on the command line, in lists of checksums and in what is printed; and lists of checksums
// in the forms that publishers use. As users meet them: through a shell, which hands bytes over as they are.
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { startHash } from '../../src/imaging/hash/digests.js';
import type { Algorithm } from '../../src/imaging/hash/digests.js';
import { readFaultInput, unpackFaultInput } from '../support/builders/fault-input.js';
import type { Check } from '../../src/imaging/verify/check.js';
import { needs } from '../support/needs.js';

const PROJECT = join(import.meta.dirname, '..', '..');
const MAIN = join(PROJECT, 'dist', 'src', 'cli', 'main.js');
const CORPUS = join(PROJECT, 'test', 'corpus', 'faults');

let root: string;
let folder: string;
let image: Buffer;
/** Images with an ordinary name, and with a file whose name is Latin-1. */
let plain: string;
let latin1: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'isodrive-names-'));
  plain = await unpackFaultInput('label-utf8.iso', root);
  latin1 = await unpackFaultInput('name-latin1.iso', root);
  image = await readFile(plain);
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** In a shell: `isodrive` is the program, `\351` in printf a byte. */
const shell = (script: string): Promise<CommandResult> =>
  runCommand('sh', ['-c', `isodrive() { '${process.execPath}' '${MAIN}' "$@"; }; ${script}`], {
    cwd: folder,
    env: { ...process.env, PLAIN: plain, LATIN1: latin1, ISODRIVE_SOCKET: join(folder, 'none.sock') },
  });
const digest = (algorithm: Algorithm): string => startHash(algorithm).update(image).digest('hex');

describe('Bytes that are not UTF-8 on the command line', () => {
  it('name an image, the folder to extract to, output files and a path in the image', async () => {
    const result = await shell(`
      cp "$PLAIN" "$(printf 'caf\\351.iso')" && isodrive info --brief --json "$(printf 'caf\\351.iso')" &&
      isodrive extract "$LATIN1" -C "$(printf 'ex\\351')" &&
      isodrive index "$LATIN1" -o "$(printf 'meta\\351')" && isodrive create "$LATIN1" "$(printf 'copy\\351.iso')" &&
      isodrive cat "$LATIN1" "$(printf '/latin-\\351.txt')"`);
    expect(result).toMatchObject({ status: 0 });
    expect(result.stdout.toString()).toMatch(/x$/);
    // JSON has no bytes: they are carried as lone surrogates.
    expect(result.stdout.toString()).toContain('caf\\udce9.iso');
    const names = await readdir(folder, { encoding: 'latin1' });
    expect(names.sort()).toEqual(
      ['caf\xe9.iso', 'copy\xe9.iso', 'copy\xe9.iso.json', 'copy\xe9.iso.map', 'ex\xe9', 'meta\xe9'].sort(),
    );
  });

  it('name the working folder', async () => {
    await shell(`mkdir "$(printf 'w\\351')" && cp "$LATIN1" "$(printf 'w\\351')/a.iso"`);
    const result = await shell(`cd "$(printf 'w\\351')" && isodrive ls a.iso && isodrive checksum a.iso /`);
    expect(result).toMatchObject({ status: 0 });
    expect(result.stdout.toString()).toContain('latin-\\xe9.txt');
  });

  it('name an image whose list of checksums names it so, too', async () => {
    const result = await shell(`
      cp "$PLAIN" "$(printf 'caf\\351.iso')" && sha256sum *.iso >SHA256SUMS && sha256sum --check --quiet SHA256SUMS &&
      isodrive verify "$(printf 'caf\\351.iso')"`);
    expect(result).toMatchObject({ status: 0 });
    expect(result.stdout.toString()).toContain('SHA256SUMS: caf\\xe9.iso: sha256 agrees');
  });

  it('are refused in words where only text can be used', async () => {
    for (const variable of ['ISODRIVE_SOCKET', 'XDG_RUNTIME_DIR']) {
      const result = await shell(`
        unset ISODRIVE_SOCKET; ${variable}="$(printf 's\\351')"; export ${variable}; isodrive list`);
      expect(result).toMatchObject({ status: 2 });
      expect(result.stderr).toContain('which is not UTF-8, expected a path in UTF-8');
    }
  });
});

describe('Names as bytes', () => {
  it('are printed by checksum so that sha256sum checks them, byte order mark and Latin-1 included', async () => {
    await writeFile(join(folder, 'names.iso'), await readFaultInput('names-bom-and-latin1.iso'));
    const result = await shell(`
      isodrive checksum names.iso / >SUMS && isodrive extract names.iso -C out >/dev/null &&
      cd out && sha256sum --check --strict ../SUMS`);
    expect(result).toMatchObject({ status: 0 });
    expect(result.stdout.toString('latin1').match(/: OK$/gm)).toHaveLength(3);
  });

  it(
    'stand in md5sum.txt of a disc, two that differ in them alone included',
    needs('genisoimage'),
    async () => {
      const made = await shell(`
      mkdir disc && cd disc && printf 'a' >"$(printf 'n\\350')" && printf 'b' >"$(printf 'n\\351')" &&
      md5sum n* >md5sum.txt && md5sum --check --quiet md5sum.txt && cd .. &&
      genisoimage -quiet -R -input-charset iso8859-1 -output-charset iso8859-1 -o disc.iso disc`);
      expect(made.status).toBe(0);
      const result = await shell('isodrive verify disc.iso');
      expect(result).toMatchObject({ status: 0 });
      expect(result.stdout.toString()).toContain('md5sum.txt on the disc: 2 files agree');
    },
  );

  it('are taken back as ls prints them', async () => {
    for (const command of ['cat', 'ls', 'checksum', 'tree'])
      expect((await shell(`isodrive ${command} "$LATIN1" '/latin-\\xe9.txt'`)).status).toBe(0);
    expect((await shell(`isodrive extract "$LATIN1" '/latin-\\xe9.txt'`)).status).toBe(0);
    const unknown = await shell(`isodrive cat "$LATIN1" '/latin-\\xe8.txt'`);
    expect(unknown).toMatchObject({ status: 3 });
  });

  it('come before names that their escapes stand for', needs('genisoimage'), async () => {
    await mkdir(join(folder, 'disc'));
    await writeFile(join(folder, 'disc', 'a\\x41'), 'exact');
    await writeFile(join(folder, 'disc', 'aA'), 'escaped');
    const result = await shell(
      `genisoimage -quiet -R -o d.iso disc && isodrive cat d.iso '/a\\x41' && isodrive cat d.iso '/a\\\\x41'`,
    );
    expect(result.stdout.toString()).toBe('exactexact');
  });

  it('cannot move the cursor in a message, nor end the quotes of a hint', async () => {
    const lost = await shell(`isodrive ls "$(printf 'x\\033[31m.iso')"`);
    expect(lost.stderr).toContain('x\\x1b[31m.iso');
    expect(lost.stderr).not.toContain('\u001b');
  });
});

/** What a list looks like, and what verify makes of it. */
async function verifyWith(name: string, text: string | Buffer): Promise<{ status: number; found: string[] }> {
  await copyFile(plain, join(folder, 'disc.iso'));
  await writeFile(join(folder, name), text);
  const result = await shell('isodrive verify --json disc.iso');
  const { checks } = JSON.parse(result.stdout.toString()) as { checks: Check[] };
  const found = checks.filter(({ kind }) => kind === 'checksum').map(({ status }) => status);
  return { status: result.status!, found };
}

describe('Lists of checksums beside an image', () => {
  it.each([
    ...['SHA256', 'SHA256SUM', 'CHECKSUM', 'CHECKSUM.SHA256-FreeBSD-14.3-RELEASE-amd64', 'SHASUMS256.txt'],
    ...['OPNsense-24.7-checksums-amd64.sha256', 'disc.iso.sha256.txt', 'DIGESTS', 'Fedora-41-CHECKSUM'],
  ])('are found by their names: %s', async (name) => {
    const list = `SHA256 (disc.iso) = ${digest('sha256')}\n`;
    expect(await verifyWith(name, list)).toEqual({ status: 0, found: ['ok'] });
  });

  it.each([
    ['a byte order mark', (hash: string) => `\ufeff${hash}  disc.iso\n`],
    ['a tab and CRLF', (hash: string) => `${hash}\tdisc.iso\r\n`],
    ['a prefix', (hash: string) => `sha256:${hash}  disc.iso\n`],
    ['binary mode', (hash: string) => `${hash} *disc.iso\n`],
    ['the name first', (hash: string) => `disc.iso: ${hash}\n`],
    ['the name in another case', (hash: string) => `${hash}  DISC.ISO\n`],
    ['folders', (hash: string) => `${hash}  ./images/disc.iso\n`],
    ['folders of Windows', (hash: string) => `${hash}  C:\\iso\\disc.iso\n`],
    ['OpenSSL', (hash: string) => `SHA2-256(disc.iso)= ${hash}\n`],
    ['a table', (hash: string) => `Algorithm  Hash  Path\n---  ---  ---\nSHA256  ${hash}  C:\\disc.iso  \n`],
    [
      'properties',
      (hash: string) => `Algorithm : SHA256\r\nHash      : ${hash}\r\nPath      : C:\\disc.iso\r\n`,
    ],
  ])('are read with %s', async (_, write) => {
    expect(await verifyWith('SHA256SUMS', write(digest('sha256').toUpperCase()))).toMatchObject({
      found: ['ok'],
    });
    expect(await verifyWith('SHA256SUMS', write('ab'.repeat(32)))).toMatchObject({ found: ['mismatch'] });
  });

  it.each(['utf16le', 'utf16be'])('are read in %s, as PowerShell writes them', async (encoding) => {
    const text = Buffer.from(`\ufeff${digest('sha256')}  disc.iso\r\n`, 'utf16le');
    const list = encoding === 'utf16le' ? text : text.swap16();
    expect(await verifyWith('SHA256SUMS', list)).toEqual({ status: 0, found: ['ok'] });
  });

  it('may hold CRC-32', async () => {
    expect(await verifyWith('disc.sfv', `; made by x\ndisc.iso ${digest('crc32')}\n`)).toMatchObject({
      found: ['ok'],
    });
  });

  it.each([
    'sha512',
    'blake2b',
    'sha3-512',
    'sha256',
    'sha3-256',
    'blake2s',
    'sm3',
    'sha384',
    'ripemd160',
  ] as const)('may hold a digest of no told kind: %s', async (algorithm) => {
    const list = `${digest(algorithm)}  disc.iso\n`;
    expect(await verifyWith('CHECKSUMS', list)).toEqual({ status: 0, found: ['ok'] });
  });

  it('never make a mismatch of a kind that cannot be computed', async () => {
    const list = `# WHIRLPOOL HASH\n${'12'.repeat(64)}  disc.iso\n# SHA512 HASH\n${digest('sha512')}  disc.iso\n`;
    expect(await verifyWith('disc.iso.DIGESTS', list)).toEqual({ status: 0, found: ['unchecked', 'ok'] });
    const blake = `BLAKE2b-256 (disc.iso) = ${'12'.repeat(32)}\n`;
    await rm(join(folder, 'disc.iso.DIGESTS'));
    expect(await verifyWith('B2SUMS', blake)).toEqual({ status: 11, found: ['unchecked'] });
  });

  it("agree as Gentoo's DIGESTS, of which b2sum and sha512sum check each their own line", async () => {
    await copyFile(plain, join(folder, 'label-utf8.iso'));
    await copyFile(join(CORPUS, 'label-utf8.iso.DIGESTS'), join(folder, 'label-utf8.iso.DIGESTS'));
    const result = await shell(`
      sed -n 2p *.DIGESTS | b2sum --check --quiet && sed -n 4p *.DIGESTS | sha512sum --check --quiet &&
      isodrive verify label-utf8.iso`);
    expect(result).toMatchObject({ status: 0 });
    expect(result.stdout.toString()).toContain('blake2b agrees, sha512 agrees');
  });

  it.each([
    ['hello\n', 'found no line with a checksum in it'],
    [`${'ab'.repeat(32)}  other.iso\n`, 'none of its 1 checksums is of "disc.iso"'],
  ])('are told of when they say nothing of it, which is no success: %j', async (text, detail) => {
    expect(await verifyWith('SHA256SUMS', text)).toEqual({ status: 11, found: ['unchecked'] });
    const result = await shell('isodrive verify disc.iso');
    expect(result.stdout.toString()).toContain(detail);
    expect(result.stderr).toContain('found no checksum or signature that can be checked');
  });
});

describe('Lists of checksums on a disc', needs('genisoimage'), () => {
  const make = async (name: string, list: string): Promise<CommandResult> => {
    await mkdir(join(folder, 'disc', 'sub'), { recursive: true });
    await writeFile(join(folder, 'disc', 'sub', 'a.txt'), 'content');
    await writeFile(join(folder, 'disc', name), list);
    await mustRun('genisoimage', ['-quiet', '-R', '-o', 'disc.iso', 'disc'], { cwd: folder });
    return shell('isodrive verify disc.iso');
  };
  const hash = (algorithm: Algorithm): string =>
    startHash(algorithm).update(Buffer.from('content')).digest('hex');

  it('are found at its root under any name, with a preamble', async () => {
    const preamble =
      "If you want to test your files, use 'md5sum' and check the values against\nthe ones here:\n\n";
    const result = await make(
      'CHECKSUMS.md5',
      `${preamble}MD5 message digest  Filename\n${hash('md5')}  ./sub/a.txt\n`,
    );
    expect(result).toMatchObject({ status: 0 });
    expect(result.stdout.toString()).toContain('CHECKSUMS.md5 on the disc: /sub/a.txt: md5 agrees');
  });

  it.each([
    ['with its name', (digits: string) => `${digits}  a.txt\n`],
    ['alone', (digits: string) => `${digits}\n`],
  ])('are found beside a file, %s', async (_, write) => {
    const result = await make('sub/a.txt.sha512', write(hash('sha512')));
    expect(result).toMatchObject({ status: 0 });
    expect((await make('sub/a.txt.sha512', write('0'.repeat(128)))).status).toBe(10);
  });
});

describe('isodrive compare', needs('genisoimage', 'root'), () => {
  it('tells devices apart by their numbers, and counts other attributes', async () => {
    const result = await shell(`
      mkdir a b && mknod a/n c 1 3 && mknod b/n c 1 3 && echo x >a/f && echo x >b/f && ln a/f a/g && cp b/f b/g &&
      chmod 600 b/f && touch -d @1000 a/f b/f b/g && genisoimage -quiet -R -o a.iso a &&
      isodrive compare a.iso a && isodrive compare a.iso b`);
    expect(result).toMatchObject({ status: 0 });
    expect(result.stdout.toString()).toContain('mode of 1 entry');
    expect(result.stdout.toString()).toContain('links of 2 entries');
    const listed = await shell('isodrive compare --attributes a.iso b');
    expect(listed.status).toBe(10);
    expect(listed.stdout.toString()).toContain('mode        /f: 0644, and 0600');
    const devices = await shell('rm b/n && mknod b/n c 1 5 && isodrive compare a.iso b');
    expect(devices.status).toBe(10);
    expect(devices.stdout.toString()).toContain('device      /n: 1:3, and 1:5');
  });
});
