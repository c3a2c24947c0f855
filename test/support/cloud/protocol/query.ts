/** Parameters of the query protocols: `Filter.1.Name=a&Filter.1.Value.1=b` becomes `{ Filter: [{ Name: 'a', Value: ['b'] }] }`. */
export type Tree = string | readonly Tree[] | { readonly [name: string]: Tree };

type Draft = { [name: string]: Draft | string };

export function decodeQuery(body: string): { readonly [name: string]: Tree } {
  const draft: Draft = Object.create(null);
  for (const [path, value] of new URLSearchParams(body)) {
    const names = path.split('.');
    const last = names.pop()!;
    let place = draft;
    for (const name of names) {
      const next = place[name];
      place = typeof next === 'object' ? next : (place[name] = Object.create(null) as Draft);
    }
    place[last] = value;
  }
  return settle(draft) as { readonly [name: string]: Tree };
}

function settle(draft: Draft | string): Tree {
  if (typeof draft === 'string') { return draft; }
  const names = Object.keys(draft);
  if (names.length > 0 && names.every((name) => /^\d+$/.test(name))) {
    return names.sort((a, b) => Number(a) - Number(b)).map((name) => settle(draft[name]));
  }
  return Object.fromEntries(names.map((name) => [name, settle(draft[name])]));
}

/** Reads parameters; what is absent is undefined, what is of another shape too. */
export class Parameters {
  constructor(readonly tree: { readonly [name: string]: Tree }) {}

  text(name: string): string | undefined {
    const value = this.at(name);
    // Some clients send what is absent as nothing.
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : Number(value);
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : value.toLowerCase() === 'true';
  }

  texts(name: string): string[] {
    const value = this.at(name);
    return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
  }

  /** One group of parameters; empty where it is absent. */
  group(name: string): Parameters {
    const value = this.at(name);
    return new Parameters(typeof value === 'object' && !Array.isArray(value) ? value as { readonly [name: string]: Tree } : {});
  }

  groups(name: string): Parameters[] {
    const value = this.at(name);
    if (!Array.isArray(value)) { return []; }
    return value.filter((one) => typeof one === 'object').map((one) => new Parameters(one));
  }

  has(name: string): boolean {
    return this.at(name) !== undefined;
  }

  private at(name: string): Tree | undefined {
    let place: Tree | undefined = this.tree;
    for (const part of name.split('.')) {
      if (typeof place !== 'object' || Array.isArray(place)) { return undefined; }
      place = (place as { readonly [name: string]: Tree })[part];
    }
    return place;
  }
}
