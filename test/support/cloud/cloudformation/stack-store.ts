import type { Surroundings } from './scope';
import type { Stack } from './stack';
import { invalid, type Template } from './template';
import { itemsAt, parseXml, textAt } from '../protocol/xml';
import { callQuery, type Caller } from '../service-client';

/** An output that other stacks may use. */
export interface StackExport {
  readonly name: string;
  readonly value: string;
  readonly stack: Stack;
}

/** Stacks of an account in a region. */
export class StackPlace {
  private readonly stacks: Stack[] = [];

  add(stack: Stack): void {
    this.stacks.push(stack);
  }

  /** One that is there, by its name or ID; by its ID also one that is gone. */
  find(nameOrId: string): Stack | undefined {
    return this.stacks.find(({ id }) => id === nameOrId) ?? this.stacks.find(({ name, status }) => name === nameOrId && status !== 'DELETE_COMPLETE');
  }

  /** Newest first. */
  all(): readonly Stack[] {
    return [...this.stacks].reverse();
  }

  exports(): readonly StackExport[] {
    return this.stacks.filter(({ status }) => status !== 'DELETE_COMPLETE').flatMap((stack) => stack.outputs.flatMap(({ exportName: name, value }) => (
      name === undefined ? [] : [{ name, value, stack }]
    )));
  }

  /** Stacks that use an export. */
  importers(name: string): readonly Stack[] {
    return this.stacks.filter(({ imports, status }) => imports.has(name) && status !== 'DELETE_COMPLETE');
  }

  /** What a template of this place may ask for beyond itself. */
  async surroundings(template: Template, caller: Caller): Promise<Surroundings> {
    // Few templates ask for zones.
    const zones = JSON.stringify(template).includes('"Fn::GetAZs"') ? await zonesOf(caller) : [];
    return {
      zones: () => zones,
      importValue: (name) => {
        const found = this.exports().find((one) => one.name === name);
        if (!found) { throw invalid(`No export named ${name} found.`); }
        return found.value;
      },
    };
  }
}

async function zonesOf(caller: Caller): Promise<readonly string[]> {
  const answer = parseXml(await callQuery(caller, 'ec2', '2016-11-15', 'DescribeAvailabilityZones', {}));
  return itemsAt(answer, 'availabilityZoneInfo').map((item) => textAt(item, 'zoneName'));
}

/** All stacks. */
export class StackStore {
  private readonly places = new Map<string, StackPlace>();

  of({ account, region }: { readonly account: string; readonly region: string }): StackPlace {
    const key = `${account} ${region}`;
    const place = this.places.get(key) ?? new StackPlace();
    this.places.set(key, place);
    return place;
  }

  clear(): void {
    this.places.clear();
  }
}
