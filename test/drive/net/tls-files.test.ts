// The files that TLS takes: what is in them, what is refused, and what is told of them.
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readPskFile } from '../../../src/drive/net/psk-file.js';
import { readTlsCertificates } from '../../../src/drive/net/tls-certificates.js';
import { needs } from '../../support/needs.js';
import { makeAuthority, makeCertificate, revoke } from '../../support/builders/tls-files.js';

const KEY = '00112233445566778899aabbccddeeff';
let folder: string;
let remarks: string[];
const warn = (remark: string): void => void remarks.push(remark);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isodrive-tls-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  remarks = [];
});

describe('A PSK file', () => {
  async function read(text: string, mode = 0o600): Promise<ReadonlyMap<string, Buffer>> {
    const path = join(folder, 'keys.psk');
    await writeFile(path, text);
    await chmod(path, mode);
    return readPskFile(path, warn);
  }

  it('has a user and a key a line, as psktool writes them', async () => {
    const keys = await read(`alice:${KEY}\r\n\nb o@b:${KEY.toUpperCase()}${KEY}\n`);
    expect([...keys]).toEqual([
      ['alice', Buffer.from(KEY, 'hex')],
      ['b o@b', Buffer.from(KEY + KEY, 'hex')],
    ]);
    expect(remarks).toEqual([]);
  });

  it.each([
    ['no line', '\n', 'has no line'],
    ['a line without a key', `alice:${KEY}\nbob\n`, 'no "USER:KEY" in line 2'],
    ['a key that is not hexadecimal', 'alice:secret-secret-secret', 'no "USER:KEY" in line 1'],
    ['half a byte', `alice:${KEY}0`, 'no "USER:KEY" in line 1'],
    ['a short key', `alice:${KEY.slice(2)}`, 'a key of 15 bytes in line 1'],
    ['a long key', `alice:${KEY.repeat(4)}00`, 'a key of 65 bytes in line 1'],
    ['a long name', `${'a'.repeat(129)}:${KEY}`, 'a long name in line 1'],
    ['a user twice', `alice:${KEY}\nalice:${KEY}`, 'the same user again in line 2'],
    ['more than a list of keys', 'x'.repeat(1024 * 1024 + 1), 'is longer than'],
  ])('is refused with %s, and no secret is shown', async (_, text, message) => {
    const failure = await read(text).catch((thrown: unknown) => thrown as Error);
    expect(failure).toMatchObject({ code: 'usage', message: expect.stringContaining(message) as unknown });
    expect((failure as Error).message).not.toMatch(/secret-|001122/);
  });

  it.skipIf(process.platform === 'win32')('of mode 0644 is told of', async () => {
    await read(`alice:${KEY}`, 0o644);
    expect(remarks[0]).toMatch(/^PSK file ".*keys\.psk" has mode 644: every user of this machine can/);
    await read(`alice:${KEY}`, 0o640);
    expect(remarks).toHaveLength(1);
  });

  it('that is not there is said to be missing', async () => {
    await expect(readPskFile(join(folder, 'none'), warn)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('no such file or folder') as unknown,
    });
  });
});

describe('A folder with certificates', needs('openssl'), () => {
  let pki: string;
  beforeAll(async () => {
    pki = join(folder, 'pki');
    await makeAuthority(pki);
    await makeCertificate(pki, 'server');
    await makeCertificate(pki, 'other');
  });

  it('has the certificate and its key, and the authority where clients are verified', async () => {
    expect(Object.keys(await readTlsCertificates(pki, false, warn))).toEqual(['cert', 'key']);
    expect(Object.keys(await readTlsCertificates(pki, true, warn))).toEqual(['cert', 'key', 'ca']);
    await revoke(pki, 'other');
    expect(Object.keys(await readTlsCertificates(pki, true, warn))).toEqual(['cert', 'key', 'ca', 'crl']);
    expect(remarks).toEqual([]);
  });

  it.each([
    ['server-cert.pem', undefined, 'no such file or folder'],
    ['server-key.pem', undefined, 'no such file or folder'],
    ['ca-cert.pem', undefined, 'no such file or folder'],
    ['server-cert.pem', 'noise', 'Cannot use server-cert.pem'],
    ['server-key.pem', 'noise', 'Cannot use server-key.pem'],
    ['ca-cert.pem', 'noise', 'Cannot use ca-cert.pem'],
    ['ca-crl.pem', 'noise', 'Cannot use ca-crl.pem'],
    ['server-key.pem', 'other', 'is the key of another certificate'],
  ])('is refused where its %s is %s', async (name, content, message) => {
    const broken = await mkdtemp(join(folder, 'broken-'));
    for (const one of ['ca-cert.pem', 'server-cert.pem', 'server-key.pem'])
      await copyFile(join(pki, one), join(broken, one));
    await rm(join(broken, name), { force: true });
    if (content === 'other') await copyFile(join(pki, 'other-key.pem'), join(broken, name));
    else if (content !== undefined) await writeFile(join(broken, name), content);
    await expect(readTlsCertificates(broken, true, warn)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message) as unknown,
    });
  });

  it('is told of where the key is open to all, or the certificate is over', async () => {
    const stale = await mkdtemp(join(folder, 'stale-'));
    await makeCertificate(pki, 'stale', 0);
    for (const kind of ['cert', 'key'])
      await copyFile(join(pki, `stale-${kind}.pem`), join(stale, `server-${kind}.pem`));
    await chmod(join(stale, 'server-key.pem'), 0o644);
    // The certificate ends with the second in which it was made.
    await expect
      .poll(async () => {
        remarks = [];
        await readTlsCertificates(stale, false, warn);
        return remarks.length;
      })
      .toBe(process.platform === 'win32' ? 1 : 2);
    expect(remarks.at(-1)).toMatch(/server-cert\.pem" is valid from .* not now: clients will refuse it$/);
  });
});
