// The part of the addon that starts programs (native/system/apart-programs.hh).

/** How a program ended. */
export interface ProgramEnd {
  readonly status: number | undefined;
  /** What it wrote to standard error; 4096 bytes at most. */
  readonly message: string;
}

/** Part of Addon, whose errors these have. */
export interface ProgramCalls {
  /**
   * From now on `runProgram` starts programs from a thread whose descriptors are its own: none of those that are opened
   * later, which their file system might keep from being closed, is there. False where that cannot be had.
   */
  prepareForPrograms(): boolean;
  /**
   * Runs a program, looked for on the PATH, with these variables ("NAME=value") alone. `socket`: handed on as
   * descriptor 3,
   * -1 for none. It is killed after `timeout` milliseconds; -1 for no limit. `status` is undefined when a signal
   * ended it. Undefined, and nothing is run, before `prepareForPrograms`.
   */
  runProgram(
    words: readonly string[],
    environment: readonly string[],
    socket: number,
    timeout: number,
  ): Promise<ProgramEnd> | undefined;
}
