/** What shells add to the number of the signal that ended a program. */
export const SIGNAL_EXIT = 128;
