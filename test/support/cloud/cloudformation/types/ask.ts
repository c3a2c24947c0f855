import { ApiError } from '../../protocol/api-error';
import { parseXml, type XmlElement } from '../../protocol/xml';
import { callJson, callQuery } from '../../service-client';
import type { Properties, ResourceContext } from '../resource-type';

type Input = { readonly [name: string]: unknown };

const VERSIONS = { cloudformation: '2010-05-15', ec2: '2016-11-15', iam: '2010-05-08', sns: '2010-03-31', autoscaling: '2011-01-01' } as const;

/** Asks a service that speaks the query protocol; the root of its answer. Lists of EC2 are `Name.1`, those of others `Name.member.1`. */
export async function ask({ caller }: ResourceContext, service: keyof typeof VERSIONS, action: string, input: Input): Promise<XmlElement> {
  const flat: { [name: string]: string } = {};
  flatten(flat, '', input, service === 'ec2' ? '' : '.member');
  const region = service === 'iam' ? { ...caller, region: 'us-east-1' } : caller;
  const root = parseXml(await callQuery(region, service, VERSIONS[service], action, flat));
  return root.children.find(({ name }) => name === `${action}Result`) ?? root;
}

/** Asks a service that speaks JSON. */
export function askJson({ caller }: ResourceContext, service: string, target: string, input: Input): Promise<any> {
  return callJson(caller, service, target, input);
}

function flatten(flat: { [name: string]: string }, name: string, value: unknown, list: string): void {
  if (value === undefined || value === null) { return; }
  if (Array.isArray(value)) { value.forEach((one, index) => flatten(flat, `${name}${list}.${index + 1}`, one, list)); return; }
  if (typeof value !== 'object') { flat[name] = String(value); return; }
  for (const [key, inner] of Object.entries(value)) { flatten(flat, name ? `${name}.${key}` : key, inner, list); }
}

/** Leaves an error of one of these codes aside: what is to go is gone. */
export async function unless(codes: readonly string[], act: Promise<unknown>): Promise<void> {
  try {
    await act;
  } catch (error) {
    if (!(error instanceof ApiError) || !codes.includes(error.code)) { throw error; }
  }
}

interface Tag<V> {
  readonly Key: string;
  readonly Value: V;
}

/** Tags of the stack, and those of a resource over them: as lists of keys and values. */
export function tagsOf({ tags }: ResourceContext, own: readonly Tag<unknown>[] = []): readonly Tag<string>[] {
  const all = { ...tags, ...Object.fromEntries(own.map(({ Key, Value }) => [Key, String(Value)])) };
  return Object.entries(all).map(([Key, Value]) => ({ Key, Value }));
}

/** Some of the properties, by their names. */
export function pick(properties: Properties, ...names: readonly string[]): { readonly [name: string]: any } {
  return Object.fromEntries(names.filter((name) => properties[name] !== undefined).map((name) => [name, properties[name]]));
}

/** Looks again and again until it is as it should be. */
export async function until({ clock, signal }: ResourceContext, look: () => Promise<boolean>): Promise<void> {
  while (!await look()) {
    await clock.sleep(15, signal);
    if (signal.aborted) { throw signal.reason; }
  }
}

/** A document as text: templates have them as objects. */
export function documentText(document: unknown): string {
  return typeof document === 'string' ? document : JSON.stringify(document);
}
