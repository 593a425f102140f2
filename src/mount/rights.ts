// What this process may do of what mounting needs, as the kernel tells it, and how to get what is missing.
import { existsSync, readFileSync } from 'node:fs';

/** linux/capability.h. */
const CAP_SYS_ADMIN = 21n;
const ALL_USERS = /^\s*0\s+0\s+4294967295\s*$/u;

export interface Rights {
  readonly isRoot: boolean;
  /** CAP_SYS_ADMIN in the effective set, and in the bounding set, beyond which no program can get it. */
  readonly hasAdmin: boolean;
  readonly canGainAdmin: boolean;
  /** CAP_SYS_ADMIN in the ambient set: programs that this process starts have it, whatever no_new_privs says. */
  readonly handsOnAdmin: boolean;
  /** Setuid programs run without their owner's rights (prctl(2), PR_SET_NO_NEW_PRIVS). */
  readonly noNewPrivileges: boolean;
  /** A seccomp filter is on, which may refuse mount(2). */
  readonly isFiltered: boolean;
  /** AppArmor's profile, where one is in force. */
  readonly profile: string | undefined;
  /** Root here is not root of the machine. */
  readonly isInUserNamespace: boolean;
  readonly isInContainer: boolean;
}

export interface MissingRight {
  readonly detail: string;
  readonly fix: string;
}

export function readRights(): Rights {
  const isInContainer = existsSync('/.dockerenv') || existsSync('/run/.containerenv');
  return {
    ...parseRights(readText('/proc/self/status'), process.geteuid?.() === 0),
    profile: parseProfile(
      readText('/proc/self/attr/apparmor/current') || readText('/proc/self/attr/current'),
    ),
    isInUserNamespace: !ALL_USERS.test(readText('/proc/self/uid_map')),
    isInContainer: isInContainer || process.env.container !== undefined,
  };
}

/** From /proc/PID/status (proc_pid_status(5)). */
export function parseRights(
  status: string,
  isRoot: boolean,
): Pick<Rights, 'isRoot' | 'hasAdmin' | 'canGainAdmin' | 'handsOnAdmin' | 'noNewPrivileges' | 'isFiltered'> {
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)$`, 'mu').exec(status)?.[1] ?? '';
  const has = (set: string): boolean => ((BigInt(`0x${field(set) || '0'}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
  return {
    isRoot,
    hasAdmin: has('CapEff'),
    canGainAdmin: has('CapBnd'),
    handsOnAdmin: has('CapAmb'),
    noNewPrivileges: field('NoNewPrivs') === '1',
    isFiltered: field('Seccomp') === '2',
  };
}

/** Such as "docker-default" of "docker-default (enforce)"; undefined where nothing is confined. */
export function parseProfile(current: string): string | undefined {
  const [, name, mode] = /^(.*?)(?: \((\w+)\))?[\n\0]*$/u.exec(current) ?? [];
  return name === undefined || name === '' || name === 'unconfined' || mode !== 'enforce' ? undefined : name;
}

/** What keeps this process from mounting with FUSE, with the exact way out; undefined where nothing is known to. */
export function findMissingRight(rights: Rights): MissingRight | undefined {
  const { isRoot, hasAdmin, canGainAdmin, handsOnAdmin, noNewPrivileges, isFiltered } = rights;
  if (isRoot ? !hasAdmin : !canGainAdmin) {
    const filter = isFiltered ? ', and a seccomp filter is on' : '';
    const which = canGainAdmin ? 'effective' : 'bounding';
    return {
      detail: `CAP_SYS_ADMIN is not in the ${which} set of this process${filter}: mount(2) is refused`,
      fix: rights.isInContainer
        ? containerLine(rights)
        : `Start it with CAP_SYS_ADMIN; in a container: ${containerLine(rights)}`,
    };
  }
  if (!isRoot && noNewPrivileges && !handsOnAdmin) {
    return {
      detail: 'no_new_privs is set: fusermount3 runs without the rights of its owner, and may not mount',
      fix:
        'Start it without no_new_privs: no --security-opt no-new-privileges in containers, no NoNewPrivileges= ' +
        'in units, no setpriv --no-new-privs',
    };
  }
  return undefined;
}

/** What refuses although the rights are there, as far as can be seen; undefined where nothing is in sight. */
export function findConfinement(rights: Rights): MissingRight | undefined {
  const { profile, isFiltered, isInUserNamespace } = rights;
  const found = [
    ...(profile === undefined ? [] : [`AppArmor's profile "${profile}" is in force`]),
    ...(isFiltered ? ['a seccomp filter is on'] : []),
    ...(isInUserNamespace ? ['this is a user namespace'] : []),
  ];
  if (found.length === 0) return undefined;
  return { detail: `It may be refused because ${found.join(', ')}`, fix: containerLine(rights) };
}

/** podman takes the same. */
export function containerLine({ profile }: Pick<Rights, 'profile'>): string {
  const unconfined = profile === undefined ? '' : ' --security-opt apparmor=unconfined';
  return `docker run (or podman run) --device /dev/fuse --cap-add SYS_ADMIN${unconfined} ...`;
}

/** The way out of a mount that was refused. */
export function adviseOnRefusal(): string {
  const rights = readRights();
  return (findMissingRight(rights) ?? findConfinement(rights))?.fix ?? 'Run isodrive doctor';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
