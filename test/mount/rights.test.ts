// What mounting needs of a process, and what is said where it is missing.
import { describe, expect, it } from 'vitest';
import { findConfinement, findMissingRight, parseProfile, parseRights } from '../../src/mount/rights.js';
import type { Rights } from '../../src/mount/rights.js';

/** Root in the default set of docker, and with all capabilities (/proc/self/status). */
const DOCKER = 'CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\nNoNewPrivs:\t0\nSeccomp:\t2\n';
const FULL = 'CapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t0\nSeccomp:\t0\n';
const USER = 'CapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t1\nSeccomp:\t0\n';

function rights(status: string, isRoot: boolean, more: Partial<Rights> = {}): Rights {
  const place = { profile: undefined, isInUserNamespace: false, isInContainer: false };
  return { ...parseRights(status, isRoot), ...place, ...more };
}

describe('findMissingRight', () => {
  it('misses nothing where root has everything, and where users may run setuid programs', () => {
    expect(findMissingRight(rights(FULL, true))).toBeUndefined();
    expect(findMissingRight(rights(USER.replace('NoNewPrivs:\t1', 'NoNewPrivs:\t0'), false))).toBeUndefined();
  });

  it('gives the line of a container that lacks CAP_SYS_ADMIN, with AppArmor where it is in force', () => {
    const found = findMissingRight(rights(DOCKER, true, { isInContainer: true, profile: 'docker-default' }));
    expect(found).toEqual({
      detail:
        'CAP_SYS_ADMIN is not in the bounding set of this process, and a seccomp filter is on: mount(2) is refused',
      fix:
        'docker run (or podman run) --device /dev/fuse --cap-add SYS_ADMIN ' +
        '--security-opt apparmor=unconfined ...',
    });
    expect(findMissingRight(rights(DOCKER, true, { isInContainer: true }))?.fix).not.toContain('apparmor');
  });

  it('tells users of no_new_privs', () => {
    expect(findMissingRight(rights(USER, false))?.detail).toContain('no_new_privs is set');
  });

  it('misses nothing in a container whose engine gives its user the capability itself', () => {
    // podman run --cap-add SYS_ADMIN --user 1000 --security-opt no-new-privileges
    const set = '0000000000200000';
    const status = `CapEff:\t${set}\nCapBnd:\t00000000802405fb\nCapAmb:\t${set}\nNoNewPrivs:\t1\nSeccomp:\t2\n`;
    expect(findMissingRight(rights(status, false, { isInContainer: true }))).toBeUndefined();
  });
});

describe('findConfinement', () => {
  it('names what may refuse a process that has the rights', () => {
    expect(findConfinement(rights(FULL, true))).toBeUndefined();
    const found = findConfinement(rights(FULL, true, { profile: 'docker-default', isInUserNamespace: true }));
    expect(found?.detail).toContain('"docker-default" is in force, this is a user namespace');
  });
});

describe('parseProfile', () => {
  it.each([
    ['docker-default (enforce)\n', 'docker-default'],
    ['/usr/bin/man (complain)\n', undefined],
    ['unconfined\n', undefined],
    ['', undefined],
  ])('reads %j', (text, profile) => expect(parseProfile(text)).toBe(profile));
});
