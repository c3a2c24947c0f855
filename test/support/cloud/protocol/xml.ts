/** What can be written as XML: arrays become `<item>`s, what is undefined is left out. */
export type Xml = string | number | boolean | Date | undefined | readonly Xml[] | { readonly [name: string]: Xml };

export function renderXml(value: Xml): string {
  if (value === undefined) { return ''; }
  if (value instanceof Date) { return value.toISOString(); }
  if (Array.isArray(value)) { return value.map((one) => `<item>${renderXml(one)}</item>`).join(''); }
  if (typeof value !== 'object') { return escapeXml(String(value)); }
  let text = '';
  for (const [name, inner] of Object.entries(value)) {
    if (inner !== undefined) { text += `<${name}>${renderXml(inner)}</${name}>`; }
  }
  return text;
}

const ENTITIES: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#xD;' };

export function escapeXml(text: string): string {
  return /[&<>"\r]/.test(text) ? text.replace(/[&<>"\r]/g, (character) => ENTITIES[character]) : text;
}

const NAMES: { readonly [entity: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'' };

function unescapeXml(text: string): string {
  return text.replace(/&(#x?[0-9a-f]+|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith('#')) { return NAMES[name] ?? whole; }
    return String.fromCodePoint(/^#x/i.test(name) ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10));
  });
}

/** An element of an answer that we read: its text, or its elements in order. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** Reads the XML that moto writes: elements and text, no CDATA. */
export function parseXml(source: string): XmlElement {
  const stack: { name: string; text: string; children: XmlElement[] }[] = [{ name: '', text: '', children: [] }];
  const pattern = /<(\/?)([\w:.-]+)[^>]*?(\/?)>|<[?!][^>]*>|([^<]+)/g;
  for (const match of source.matchAll(pattern)) {
    const [, close, name, empty, text] = match;
    const top = stack[stack.length - 1];
    if (text !== undefined) { top.text += unescapeXml(text); continue; }
    if (name === undefined) { continue; }
    if (close) { stack.pop(); continue; }
    const element = { name, text: '', children: [] };
    top.children.push(element);
    if (!empty) { stack.push(element); }
  }
  return stack[0].children[0];
}

export function child(element: XmlElement | undefined, ...names: string[]): XmlElement | undefined {
  return names.reduce<XmlElement | undefined>((place, name) => place?.children.find((one) => one.name === name), element);
}

/** Text of an element further down; empty where it is absent. */
export function textAt(element: XmlElement | undefined, ...names: string[]): string {
  return child(element, ...names)?.text.trim() ?? '';
}

/** The `<item>`s or `<member>`s of a list. */
export function itemsAt(element: XmlElement | undefined, ...names: string[]): readonly XmlElement[] {
  return child(element, ...names)?.children ?? [];
}
