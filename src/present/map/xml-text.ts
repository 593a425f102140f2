// Names of a disc as text of an XML document, which has no place for some characters, not even escaped.

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0, 2.2: other characters become U+FFFD; bidirectional controls as well, which would turn the line around. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|[\u007f-\u009f]/gu, '\ufffd')
    .replaceAll(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
    .replaceAll(/[&<>"]/g, (found) => ENTITIES[found]!);
}
