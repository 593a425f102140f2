// The medium below an image hangs, fails, lies or vanishes: only readers of that image may notice, and its mount can
// be ended.
import { setTimeout as sleep } from 'node:timers/promises';
import type { PseudoRandom } from '../../support/pseudo-random.js';
import { Medium } from '../medium.js';
import type { MediumBehaviour } from '../medium.js';
import { choose } from '../plan.js';
import type { SoakEvent } from '../soak-event.js';
import type { Fault } from '../soak-reader.js';
import type { Soak } from '../soak.js';

/** Milliseconds that a medium stays broken. */
const LONGEST_FAULT = 4000;
/** EMPTY: a successor cannot open an image whose medium has vanished, so its mount goes. */
const BROKEN: readonly Fault[] = ['EIO', 'ENOENT', 'ENOTCONN', 'ECONNABORTED', 'EMPTY', 'SIGBUS'];

type BrokenMedium = Exclude<MediumBehaviour, 'ok'> | 'vanish';

async function missing(soak: Soak): Promise<string | undefined> {
  const folder = await soak.makeDirectory('medium-');
  try {
    await (await Medium.start(soak.images.small.path, folder))[Symbol.asyncDispose]();
    return undefined;
  } catch (thrown) {
    return `the npm package fuse-native, and the right to mount (${(thrown as Error).message})`;
  }
}

/** Breaks it in one way, under a reader, and heals it again if that can be. */
async function breakMedium(soak: Soak, random: PseudoRandom, how: BrokenMedium): Promise<string> {
  const time = random.between(500, LONGEST_FAULT);
  const meanwhile = choose(
    random,
    how === 'hang' ? ['nothing', 'kill', 'upgrade', 'unmount'] : ['nothing', 'kill'],
  );
  const image = await soak.copyImage();
  await using medium = await Medium.start(image.path, await soak.makeDirectory('medium-'));
  const mount = await soak.mount(medium.image);
  const reader = soak.read(`an image whose medium breaks (${how})`, mount.mountPoint, image);
  let isMounted = true;
  try {
    await soak.waitForProgress([reader]);
    // What a medium gives as its content is believed: of one that lies, nothing is known.
    reader.allow(...BROKEN, ...(how === 'short' ? (['WRONG'] as const) : []));
    const checkPromptness = await soak.expectPrompt();
    if (how === 'vanish') await medium.vanish();
    else await medium.become(how);
    await sleep(time);
    const started = performance.now();
    await soak.status();
    checkPromptness();
    const answered = performance.now() - started;
    if (meanwhile === 'kill') await soak.kill(await soak.daemonPid()).catch(ignoreHanging(how));
    else if (meanwhile === 'upgrade') await soak.daemon.must('daemon', 'upgrade');
    else if (meanwhile === 'unmount') {
      await soak.unmount(mount.id, true);
      isMounted = false;
    }
    await soak.waitForProgress();
    if (how !== 'vanish') await medium.become('ok');
    if (isMounted && (how === 'hang' || how === 'fail')) await soak.waitForProgress([reader]);
    return `for ${time} ms, ${meanwhile} meanwhile, status after ${Math.round(answered)} ms`;
  } finally {
    if (how !== 'vanish') await medium.become('ok');
    await soak.retire(reader);
    const isThere = (await soak.status()).mounts.some(({ id }) => id === mount.id);
    const maybeGone = how === 'vanish' && meanwhile === 'kill';
    if (isMounted && (isThere || !maybeGone)) await soak.unmount(mount.id, true);
  }
}

/** A daemon that waits for its medium cannot end before that does; its successor does not wait for it. */
function ignoreHanging(how: BrokenMedium): (thrown: unknown) => void {
  return (thrown) => {
    if (how !== 'hang') throw thrown;
  };
}

function eventOf(how: BrokenMedium, name: string, summary: string): SoakEvent {
  return { name, summary, missing, run: (soak, random) => breakMedium(soak, random, how) };
}

export const MEDIUM_EVENTS = [
  eventOf(
    'hang',
    'medium-hangs',
    'the medium of an image hangs: others go on, also over a kill, an upgrade, an unmount',
  ),
  eventOf('fail', 'medium-fails', 'the medium of an image gives EIO: so does its mount, and others go on'),
  eventOf('short', 'medium-lies', 'the medium of an image gives half of what is asked for: others go on'),
  eventOf(
    'vanish',
    'medium-vanishes',
    'the medium of an image vanishes: its mount gives errors and can be ended',
  ),
] as const;
