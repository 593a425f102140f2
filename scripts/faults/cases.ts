// The images of test/corpus/faults with what a user must see of each. A case runs the command line and gives what it
// printed, brought to the form of the expected value; main.ts and test/e2e/fault-images.test.ts compare the two.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Entries that a small hostile image may come to: far more than it honestly holds, far less than it asks for. */
const HOSTILE_ENTRY_LIMIT = 300_000;

export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a case runs with. */
export interface Machine {
  /** Path of the unpacked image. */
  readonly image: string;
  /** An empty folder for what the case writes. */
  readonly folder: string;
  /** Runs a command of isodrive; its standard output goes to the file `output` where one is named. */
  readonly isodrive: (args: readonly string[], output?: string) => Finished;
  /** Runs another program in a folder. */
  readonly run: (program: string, args: readonly string[], folder: string) => Finished;
}

export interface FaultCase {
  /** Name in test/corpus/faults, less ".gz". */
  readonly file: string;
  /** What it must show, as a sentence. */
  readonly fault: string;
  readonly expected: string;
  readonly observe: (machine: Machine) => string;
}

interface ImageInfo {
  readonly label: string;
  readonly findings: readonly unknown[];
}

/** Every path of the image, joined with blanks. */
function paths({ isodrive, image }: Machine, options: readonly string[] = []): string {
  const { stdout } = isodrive(['ls', '-R', ...options, image]);
  return stdout
    .split('\n')
    .filter((line) => line !== '' && line !== '/')
    .join(' ');
}

function sizeOf({ isodrive, image }: Machine, path: string): string {
  const { stdout } = isodrive(['ls', '--json', image, path]);
  const entry = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { size: number };
  return String(entry.size);
}

function digest({ isodrive, image }: Machine, path: string, algorithm: string): string {
  const { stdout, status } = isodrive(['checksum', '--hash', algorithm, image, path]);
  return status === 0 ? stdout.slice(0, stdout.indexOf(' ')) : `exit ${status}`;
}

function info({ isodrive, image }: Machine): ImageInfo {
  return JSON.parse(isodrive(['info', '--json', image]).stdout) as ImageInfo;
}

function extracted({ isodrive, image, folder }: Machine, args: readonly string[]): string {
  const { status } = isodrive(['extract', image, ...args, '-C', folder]);
  return `exit ${status}: ${readdirSync(folder).sort().join(' ')}`;
}

/** A hostile image ends within bounds, with a finding, and its list says so. */
function boundedWalk(machine: Machine): string {
  const { stdout } = machine.isodrive(['ls', '-R', machine.image]);
  const isBounded = stdout.split('\n').length < HOSTILE_ENTRY_LIMIT;
  const hasFinding = info(machine).findings.length > 0;
  return `${isBounded ? 'bounded' : 'unbounded'}, ${hasFinding ? 'with a finding' : 'without a finding'}`;
}

export const FAULT_CASES: readonly FaultCase[] = [
  {
    file: 'bridge-limited-size.iso',
    fault: 'a file whose ISO 9660 size is cut shows whole, from UDF',
    expected: 'd4c41caacbac8da162aa12848f9212fb8d5a55b150f9e8235ad6ae312b6df079',
    observe: (machine) => digest(machine, '/NSRLFile.zip', 'sha256'),
  },
  {
    file: 'bridge-long-names.iso',
    fault: 'names that Joliet cuts to 64 characters show whole',
    expected: [1, 2]
      .map(
        (part) => `/Symphony No. 9 in D minor, Op. 125, recorded live in Vienna, disc one, part ${part}.flac`,
      )
      .join(' '),
    observe: (machine) => paths(machine),
  },
  {
    file: 'rr-without-nm.iso',
    fault: 'Rock Ridge without names does not hide Joliet',
    expected: '/Program Files /Program Files/Main.c /Quarterly Report 2024 final version.doc /README.md',
    observe: (machine) => paths(machine),
  },
  {
    file: 'rr-root-without-fields.iso',
    fault: 'Rock Ridge fields in the entries alone are read',
    expected: '/Alpha.txt /Sub /Sub/Beta.txt',
    observe: (machine) => paths(machine),
  },
  {
    file: 'label-utf8.iso',
    fault: 'a label in UTF-8 is read as such',
    expected: 'Gr\u00f6\u00dfe Fotos',
    observe: (machine) => info(machine).label,
  },
  {
    file: 'label-utf8.iso',
    fault: 'lists that name two kinds of digests of one length are told apart',
    expected: 'exit 0: blake2b agrees, sha512 agrees',
    observe: ({ isodrive, image }) => {
      const { status, stdout } = isodrive(['verify', image]);
      return `exit ${status}: ${/DIGESTS: label-utf8.iso: (.*)/u.exec(stdout)?.[1] ?? 'nothing'}`;
    },
  },
  {
    file: 'name-latin1.iso',
    fault: 'a name that is not UTF-8 is found as ls prints it',
    expected: 'x',
    observe: ({ isodrive, image }) => isodrive(['cat', image, '/latin-\\xe9.txt']).stdout,
  },
  {
    file: 'names-bom-and-latin1.iso',
    fault: 'checksum prints names as bytes, so that sha256sum -c accepts the list',
    expected: 'exit 0',
    observe: ({ isodrive, image, folder, run }) => {
      isodrive(['extract', image, '-C', join(folder, 'files')]);
      const list = join(folder, 'list');
      isodrive(['checksum', image, '/'], list);
      return `exit ${run('sha256sum', ['--check', '--quiet', list], join(folder, 'files')).status}`;
    },
  },
  {
    file: 'hfs-shift-jis.img',
    fault: '--charset reads the names of HFS',
    expected: '/\u30b2\u30fc\u30e0 /\u65e5\u672c.txt',
    observe: (machine) => paths(machine, ['--charset', 'shift_jis']),
  },
  ...(
    [
      ['lzvn.txt', '7cd12cc60c329f5d8641ad3aa6132a094e870b77'],
      ['lzfse.txt', 'dc177fb2c9db77527b7e4052db576dd3b99191ef'],
      ['zlib.txt', 'dc177fb2c9db77527b7e4052db576dd3b99191ef'],
    ] as const
  ).map(([name, sha1]) => ({
    file: 'decmpfs-real.img',
    fault: `${name} that macOS compressed is decoded, or is an error, never empty`,
    expected: sha1,
    observe: (machine: Machine) => digest(machine, `/${name}`, 'sha1'),
  })),
  {
    file: 'fat12-three-tables.img',
    fault: 'FAT with three tables is read',
    expected: '/A.TXT',
    observe: (machine) => paths(machine),
  },
  {
    file: 'fat-label-stale-boot-sector.img',
    fault: "FAT's label is that of the root directory",
    expected: 'REALNAME',
    observe: (machine) => info(machine).label,
  },
  {
    file: 'zisofs2-256k-blocks.iso',
    fault: 'zisofs version 2 with large blocks is decoded',
    expected: '420000',
    observe: (machine) => sizeOf(machine, '/a.txt'),
  },
  {
    file: 'zisofs-joliet-false-warning.iso',
    fault: 'stored sizes of zisofs in another view are no finding',
    expected: '0 findings',
    observe: (machine) => `${info(machine).findings.length} findings`,
  },
  {
    file: 'hardlinks-selected-twice.iso',
    fault: 'hard links that are selected twice are extracted once',
    expected: 'exit 0: a b',
    observe: (machine) => extracted(machine, ['/', '/a']),
  },
  ...['dag3.iso', 'dag4.iso', 'udf-chain.img'].map((file) => ({
    file,
    fault: 'what a small image multiplies ends within bounds',
    expected: 'bounded, with a finding',
    observe: boundedWalk,
  })),
];
