// Certificates as openssl makes them at the time of the test, in files named as nbdkit, libnbd and QEMU name them.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../../../scripts/support/run-command.js';

const openssl = (folder: string, ...args: string[]): Promise<unknown> =>
  mustRun('openssl', args, { cwd: folder });
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority in `folder`, which is made: ca-cert.pem and ca-key.pem. */
export async function makeAuthority(folder: string): Promise<void> {
  await mkdir(folder);
  const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
  const out = ['-keyout', 'ca-key.pem', '-out', 'ca-cert.pem', '-subj', '/CN=authority', '-days', '30'];
  await openssl(
    folder,
    ...['req', '-x509', ...NEW_KEY, ...out],
    ...extensions.flatMap((one) => ['-addext', one]),
  );
  // What `openssl ca` keeps its books in.
  await writeFile(join(folder, 'index.txt'), '');
  await writeFile(
    join(folder, 'ca.conf'),
    '[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ndefault_md=sha256\n',
  );
}

/** NAME-cert.pem and NAME-key.pem of that authority, for 127.0.0.1; `-days 0` makes one that is over at once. */
export async function makeCertificate(folder: string, name: string, days = 30): Promise<void> {
  const [key, request, certificate] = [`${name}-key.pem`, `${name}.csr`, `${name}-cert.pem`];
  await openssl(folder, 'req', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
  await writeFile(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const by = ['-CA', 'ca-cert.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-extfile', 'names'];
  await openssl(folder, 'x509', '-req', '-in', request, ...by, '-days', String(days), '-out', certificate);
}

/** Adds to ca-crl.pem of the authority. */
export async function revoke(folder: string, name: string): Promise<void> {
  const by = ['-config', 'ca.conf', '-cert', 'ca-cert.pem', '-keyfile', 'ca-key.pem'];
  await openssl(folder, 'ca', ...by, '-revoke', `${name}-cert.pem`);
  await openssl(folder, 'ca', ...by, '-gencrl', '-crldays', '30', '-out', 'ca-crl.pem');
}

/** A folder as a client has it: the authority, and its own certificate, of the name `certificate`, where it has one. */
export async function makeClientFolder(
  folder: string,
  authority: string,
  certificate?: string,
): Promise<string> {
  await mkdir(folder);
  await copyFile(join(authority, 'ca-cert.pem'), join(folder, 'ca-cert.pem'));
  for (const kind of certificate === undefined ? [] : ['cert', 'key'])
    await copyFile(join(authority, `${certificate}-${kind}.pem`), join(folder, `client-${kind}.pem`));
  return folder;
}
