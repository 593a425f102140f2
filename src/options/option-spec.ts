// What an option is, as data: the command line, its help and completions, the control socket, the journal and the
// comparison of mounts all read it from here.

/** As the command line has it. */
export interface OptionSpec {
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  readonly type: 'boolean' | 'string';
  /** What help writes for the value of a `string`: "FILE". */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** Some of the choices, with commas between them. */
  readonly isList?: boolean;
  /** The value is a whole number within these, both included. */
  readonly range?: readonly [least: number, most: number];
  /** What holds without the option, as help tells it; of choices, one of them. */
  readonly default?: string;
  /** The only system on which it works. */
  readonly platform?: NodeJS.Platform;
  /** Says which view of the image is wanted: help has these under a heading of their own. */
  readonly isView?: boolean;
  readonly summary: string;
}

/** An option that the daemon knows too, in a table by the name of its field there. */
export interface TableOption extends OptionSpec {
  /** The value is a path: absolute once it is read from the command line. */
  readonly isPath?: true;
  /** Most characters of a text. */
  readonly maxLength?: number;
  /** What a text must be, and how that is called; the command line writes it so by itself. */
  readonly pattern?: { readonly test: RegExp; readonly expected: string };
  /** The number that an absent one stands for. */
  readonly usual?: number;
  /** Two values that differ only in upper and lower case are the same. */
  readonly ignoresCase?: true;
  /** No flag asks for it. */
  readonly hasFlag?: false;
  /** What users call it, where that is not its flag. */
  readonly title?: string;
  /** Of a mount: its files differ by it, so its reader gets it. Every option of a view does that. */
  readonly isShown?: true;
  /** Of a mount: a mount with another value is another mount. Everything that is shown is compared too. */
  readonly isCompared?: true;
  /** Of a mount: about the one call, and nothing that the mount has afterwards. */
  readonly isOfCall?: true;
}

export type OptionTable = Readonly<Record<string, TableOption>>;

/** What a value is, wherever it is not text of a command line. */
export type ValueOf<O extends TableOption> = O extends { readonly type: 'boolean' }
  ? boolean
  : O extends { readonly range: readonly [number, number] }
    ? number
    : O extends { readonly choices: readonly (infer Choice)[] }
      ? Choice
      : string;

/** Values by field; what is absent was not asked for. */
export type ValuesOf<T extends OptionTable> = {
  readonly [Field in keyof T]?: ValueOf<T[Field]> | undefined;
};
