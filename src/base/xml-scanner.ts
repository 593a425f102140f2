// Elements and attributes of an XML document that nobody vouches for, one after the other, in one go over the text.
// What could grow or lead elsewhere is refused: a document type with declarations of its own, and so every entity but
// the five of the standard. Texts between elements are passed over. Pure.

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Names of the elements around it, the outermost first. */
  readonly path: readonly string[];
}

/** What is wrong with a document, for the end of a sentence. */
export class XmlError extends Error {
  /** Character of the text. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const MAX_DEPTH = 32;
const MAX_ATTRIBUTES = 64;
/** Characters of a value. */
const MAX_VALUE = 8192;
const NAME = /[A-Za-z_:][\w:.-]{0,99}(?![\w:.-])/y;
const BLANKS = /[ \t\r\n]*/y;
const REFERENCE = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{1,8}));|&/g;
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);
const LAST_CODE_POINT = 0x10ffff;

/** Every element as it begins. Throws XmlError; the elements before the fault have been given then. */
export function* scanXml(text: string): Generator<XmlElement> {
  const scanner = new Scanner(text);
  for (let element = scanner.next(); element !== undefined; element = scanner.next()) yield element;
}

class Scanner {
  readonly #text: string;
  #at = 0;
  #path: readonly string[] = [];
  #hasRoot = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next element; undefined at the end of a whole document. */
  next(): XmlElement | undefined {
    for (;;) {
      const start = this.#text.indexOf('<', this.#at);
      if (this.#path.length === 0) this.#expectBlanks(start < 0 ? this.#text.length : start);
      if (start < 0) {
        if (this.#path.length === 0 && this.#hasRoot) return undefined;
        const wanted = this.#path.length === 0 ? 'an element' : `the end of "${this.#path.at(-1)}"`;
        throw new XmlError(`it ends, expected ${wanted}`, this.#text.length);
      }
      this.#at = start;
      if (this.#skip('<!--', '-->') || this.#skip('<![CDATA[', ']]>') || this.#skip('<?', '?>')) continue;
      if (this.#text.startsWith('<!', start)) this.#skipDocumentType();
      else if (this.#text.startsWith('</', start)) this.#close();
      else return this.#open();
    }
  }

  #expectBlanks(end: number): void {
    BLANKS.lastIndex = this.#at;
    BLANKS.exec(this.#text);
    if (BLANKS.lastIndex < end) throw new XmlError('found text outside of the elements', BLANKS.lastIndex);
  }

  #skip(start: string, end: string): boolean {
    if (!this.#text.startsWith(start, this.#at)) return false;
    const found = this.#text.indexOf(end, this.#at + start.length);
    if (found < 0) throw new XmlError(`found "${start}" without "${end}"`, this.#at);
    this.#at = found + end.length;
    return true;
  }

  /** Its identifier is an address, which is not asked. */
  #skipDocumentType(): void {
    const start = this.#at;
    const end = this.#text.indexOf('>', start);
    if (!this.#text.startsWith('<!DOCTYPE', start) || this.#hasRoot || end < 0)
      throw new XmlError(
        'found a declaration that is none of a document type before the first element',
        start,
      );
    if (this.#text.slice(start, end).includes('['))
      throw new XmlError('found a document type with declarations, expected none', start);
    this.#at = end + 1;
  }

  #close(): void {
    const start = this.#at;
    this.#at += 2;
    const name = this.#name();
    this.#blanks();
    this.#expect('>');
    if (this.#path.at(-1) !== name)
      throw new XmlError(
        `found the end of "${name}", expected that of "${this.#path.at(-1) ?? 'none'}"`,
        start,
      );
    this.#path = this.#path.slice(0, -1);
  }

  #open(): XmlElement {
    const start = this.#at;
    if (this.#path.length === 0 && this.#hasRoot) throw new XmlError('found a second root element', start);
    if (this.#path.length >= MAX_DEPTH)
      throw new XmlError(`found elements more than ${MAX_DEPTH} deep`, start);
    this.#hasRoot = true;
    this.#at += 1;
    const element = { name: this.#name(), attributes: new Map<string, string>(), path: this.#path };
    for (;;) {
      const hasBlanks = this.#blanks();
      const isEmpty = this.#text.startsWith('/>', this.#at);
      if (isEmpty || this.#text.startsWith('>', this.#at)) {
        this.#at += isEmpty ? 2 : 1;
        if (!isEmpty) this.#path = [...this.#path, element.name];
        return element;
      }
      if (!hasBlanks) throw new XmlError('found no blank before an attribute', this.#at);
      this.#attribute(element.attributes);
    }
  }

  #attribute(attributes: Map<string, string>): void {
    const start = this.#at;
    const name = this.#name();
    this.#blanks();
    this.#expect('=');
    this.#blanks();
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") throw new XmlError('found a value without quotes', this.#at);
    const end = this.#text.indexOf(quote, this.#at + 1);
    if (end < 0 || end - this.#at > MAX_VALUE)
      throw new XmlError(`found a value of more than ${MAX_VALUE} characters`, this.#at);
    if (attributes.has(name)) throw new XmlError(`found attribute "${name}" twice`, start);
    if (attributes.size >= MAX_ATTRIBUTES)
      throw new XmlError(`found more than ${MAX_ATTRIBUTES} attributes`, start);
    const value = this.#text.slice(this.#at + 1, end);
    if (value.includes('<')) throw new XmlError('found "<" in a value', start);
    attributes.set(name, resolve(value, start));
    this.#at = end + 1;
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const [name] = NAME.exec(this.#text) ?? [];
    if (name === undefined) throw new XmlError('found no name of an element or attribute', this.#at);
    this.#at += name.length;
    return name;
  }

  /** Whether there were any. */
  #blanks(): boolean {
    BLANKS.lastIndex = this.#at;
    BLANKS.exec(this.#text);
    const hasBlanks = BLANKS.lastIndex > this.#at;
    this.#at = BLANKS.lastIndex;
    return hasBlanks;
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw new XmlError(`found no "${character}"`, this.#at);
    this.#at += 1;
  }
}

function resolve(value: string, at: number): string {
  if (!value.includes('&')) return value;
  return value.replaceAll(REFERENCE, (_, decimal?: string, hexadecimal?: string, name?: string) => {
    const text = name === undefined ? undefined : ENTITIES.get(name);
    if (text !== undefined) return text;
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
    if (code > 0 && code <= LAST_CODE_POINT) return String.fromCodePoint(code);
    throw new XmlError('found an entity that is none of the five of XML', at);
  });
}
