import type { CloudEvent, Rule, Target } from './event';

/** What a target gets of an event: JSON text, or the text that a template makes. */
export function targetInput({ Input, InputPath, InputTransformer }: Target, event: CloudEvent, rule: Rule): string {
  if (Input !== undefined) { return Input; }
  if (InputPath !== undefined) { return JSON.stringify(at(event, InputPath) ?? null); }
  if (!InputTransformer) { return JSON.stringify(event); }
  const values = new Map<string, unknown>([
    ['aws.events.rule-arn', rule.arn],
    ['aws.events.rule-name', rule.name],
    ['aws.events.event.ingestion-time', event.time],
    ['aws.events.event', event],
    ['aws.events.event.json', event],
    ...Object.entries(InputTransformer.InputPathsMap ?? {}).map(([name, path]) => [name, at(event, path)] as const),
  ]);
  const template = InputTransformer.InputTemplate;
  return template.replace(/<([\w.-]+)>/g, (whole, name: string, offset: number) => {
    if (!values.has(name)) { return whole; }
    const value = values.get(name);
    if (typeof value === 'object' && value !== null) { return JSON.stringify(value); }
    const text = value === undefined ? '' : String(value);
    if (typeof value !== 'string') { return text; }
    // A text takes quotes of its own where it stands alone as a value; within quotes it is only made safe.
    const quoted = JSON.stringify(text);
    return isWithinQuotes(template.slice(0, offset)) ? quoted.slice(1, -1) : isJson(template) ? quoted : text;
  });
}

function at(event: unknown, path: string): unknown {
  return path.replace(/^\$\.?/, '').split('.').filter((part) => part).reduce<unknown>((place, part) => {
    const [, name, index] = /^([^[]*)(?:\[(\d+)\])?$/.exec(part)!;
    const value = (place as { readonly [name: string]: unknown } | undefined)?.[name];
    return index === undefined ? value : (value as readonly unknown[] | undefined)?.[Number(index)];
  }, event);
}

function isWithinQuotes(before: string): boolean {
  return before.replace(/\\./g, '').split('"').length % 2 === 0;
}

function isJson(template: string): boolean {
  return /^\s*[{[]/.test(template);
}
