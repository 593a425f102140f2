// What the doctor says of one thing that mounting needs.

export interface Diagnosis {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly detail: string;
  /** Command or step that puts it right, or widens what is possible. */
  readonly fix?: string;
  /** Mounting works without it: not a fault, only a limit. */
  readonly optional?: boolean;
}
