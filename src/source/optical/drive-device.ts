// The way to a physical drive, whichever system offers it.
import type { DriveRequest, ScsiResult } from '../../../native/index.js';
import type { SourceIdentity } from '../byte-source.js';

/** CDROM_DRIVE_STATUS of linux/cdrom.h, which DriveRequest is in terms of on every system. */
export const DRIVE_STATUS = { empty: 1, open: 2, notReady: 3, loaded: 4 } as const;

/** Bytes of user data of a block. */
export const BLOCK_SIZE = 2048;

/**
 * `quiet` neither waits for a disc nor moves the tray, and leaves the button free; `disc` locks the tray while it is
 * open.
 */
export type DriveMode = 'quiet' | 'disc';

/** What the system says of the device, besides what the drive says of itself. */
export interface DeviceFacts {
  /** Its `size` is the disc's. */
  readonly identity: Omit<SourceIdentity, 'size'>;
  /** Bytes that can be read from `fileDescriptor`; 0 where there is none. */
  readonly kernelSize: number;
}

export interface DriveDevice {
  /** From which the kernel reads user data; undefined where all is asked of the drive. */
  readonly fileDescriptor: number | undefined;
  /** Rejects with a system error, whose `code` is an errno name, whatever the system is. */
  request(request: DriveRequest, argument: number): Promise<number>;
  /**
   * Passes on a command of at most 16 bytes that reads into `target`. `timeout` in milliseconds. Rejects as
   * `request`.
   */
  command(command: Uint8Array, target: Uint8Array, timeout: number): Promise<ScsiResult>;
  describe(): Promise<DeviceFacts>;
  /**
   * Whether the system itself uses the disc, such as for a mount of its own; absent where it sees to that in
   * `eject`.
   */
  isClaimed?(): Promise<boolean>;
  /** Lets go of the tray. Nothing may be under way. */
  close(): Promise<void>;
}
