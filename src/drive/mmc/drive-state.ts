// The state of a drive: its disc, its tray, its mode pages, and the initiators that have to be told of changes.
import { AudioPlayer } from './audio-player.js';
import type { Medium } from './medium.js';
import { ModePages, SPEED } from './mode-pages.js';
import { EJECT_REQUEST, MEDIUM_REMOVAL, NEW_MEDIUM, Nexus } from './nexus.js';
import { MEDIUM_CHANGED, RESET_OCCURRED } from './sense.js';

/** The largest that a serial number may be (SPC-4 does not bound it; initiators do). */
const MAX_SERIAL_LENGTH = 32;

export class DriveState {
  readonly serial: string;
  readonly pages = new ModePages();
  readonly player: AudioPlayer;
  /** Told when the tray was opened or closed, by whomever. */
  onTray: ((isOpen: boolean) => void) | undefined;
  /** Of reading, in kB/s. */
  #speed = SPEED;
  readonly #nexuses = new Set<Nexus>();
  #disc: Medium | undefined;
  #isOpen = false;

  /**
   * `serial`: printable ASCII, at most 32 characters; throws RangeError otherwise. `now`: milliseconds of a clock that
   * is never set back.
   */
  constructor(serial: string, disc?: Medium, now = () => performance.now()) {
    if (!/^[\x20-\x7e]+$/.test(serial) || serial.length > MAX_SERIAL_LENGTH) {
      throw new RangeError(`Serial number is "${serial}", expected 1 to ${MAX_SERIAL_LENGTH} characters`);
    }
    this.serial = serial;
    this.#disc = disc;
    this.player = new AudioPlayer(now);
  }

  /** The disc that can be read: none while the tray is open. */
  get medium(): Medium | undefined {
    return this.#isOpen ? undefined : this.#disc;
  }

  /** The disc on the tray, wherever that is. */
  get disc(): Medium | undefined {
    return this.#disc;
  }

  get speed(): number {
    return this.#speed;
  }

  /** One that is too high, FFFFh among them (MMC-6: the best), becomes the drive's own. */
  set speed(speed: number) {
    this.#speed = Math.min(speed, SPEED);
  }

  get isTrayOpen(): boolean {
    return this.#isOpen;
  }

  get isRemovalPrevented(): boolean {
    return [...this.#nexuses].some(({ preventsRemoval }) => preventsRemoval);
  }

  /** A new initiator; `disconnect` forgets it, and the lock that it may hold on the tray with it. */
  connect(): Nexus {
    const nexus = new Nexus();
    this.#nexuses.add(nexus);
    return nexus;
  }

  disconnect(nexus: Nexus): void {
    this.#nexuses.delete(nexus);
  }

  /** A reset of the logical unit: locks are gone, pages have their defaults, and every initiator is told. */
  reset(): void {
    this.pages.reset();
    this.#speed = SPEED;
    this.player.stop();
    for (const nexus of this.#nexuses) {
      nexus.preventsRemoval = false;
      nexus.raiseAttention(RESET_OCCURRED);
    }
  }

  /** Puts another disc in, or none, and closes the tray. Whoever does so has looked at `isRemovalPrevented`. */
  changeMedium(disc: Medium | undefined): void {
    const had = this.medium !== undefined;
    this.#disc = disc;
    this.#isOpen = false;
    this.player.forget();
    if (had) this.#announce(MEDIUM_REMOVAL);
    if (disc !== undefined) this.#announce(NEW_MEDIUM);
  }

  /**
   * The user wants the disc, as by the button of a drive. While an initiator holds the lock it is only asked to let go
   * of the disc; gives whether the tray is open.
   */
  eject(): boolean {
    if (this.isRemovalPrevented) this.askForDisc();
    else this.setTray(true);
    return this.#isOpen;
  }

  /** Asks every initiator to let go of the disc. */
  askForDisc(): void {
    for (const nexus of this.#nexuses) nexus.addEvent(EJECT_REQUEST);
  }

  /** Whoever opens has looked at `isRemovalPrevented`. */
  setTray(isOpen: boolean): void {
    if (this.#isOpen === isOpen) return;
    this.#isOpen = isOpen;
    this.player.forget();
    if (this.#disc !== undefined) this.#announce(isOpen ? MEDIUM_REMOVAL : NEW_MEDIUM);
    this.onTray?.(isOpen);
  }

  #announce(event: number): void {
    for (const nexus of this.#nexuses) {
      nexus.addEvent(event);
      if (event === NEW_MEDIUM) nexus.raiseAttention(MEDIUM_CHANGED);
    }
  }
}
