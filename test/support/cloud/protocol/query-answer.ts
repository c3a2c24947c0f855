import { escapeXml, type Xml } from './xml';

/** Writes an answer of the query protocol: lists are `<member>`s. */
export function renderAnswer(action: string, namespace: string, result: Xml, requestId: string): string {
  return `<${action}Response xmlns="${namespace}"><${action}Result>${render(result)}</${action}Result>`
    + `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`;
}

function render(value: Xml): string {
  if (value === undefined) { return ''; }
  if (value instanceof Date) { return value.toISOString(); }
  if (Array.isArray(value)) { return value.map((one) => `<member>${render(one)}</member>`).join(''); }
  if (typeof value !== 'object') { return escapeXml(String(value)); }
  return Object.entries(value).filter(([, inner]) => inner !== undefined).map(([name, inner]) => `<${name}>${render(inner)}</${name}>`).join('');
}
