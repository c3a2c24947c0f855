import { mkdirSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { canonicalJson } from '../../lib/plan/canonical-json';
import { definitionHash } from '../../lib/plan/keys';
import type { Definition, Plan } from '../../lib/plan/model';
import { sampleDefinition, samplePlan } from '../support/sample-plan';

/** What a machine needs no account and no files for. */
export const plainDefinition: Definition = { ...sampleDefinition, instructions: [], parameters: {}, secrets: {} };

/** A valid plan of an image, written nowhere. */
export function planOf(image: string, definition: Definition = plainDefinition): Plan {
  return { ...samplePlan(definition), image };
}

/** A plan that starts from another one. */
export function childOf(parent: Plan, image: string): Plan {
  return planOf(image, {
    ...plainDefinition,
    source: { type: 'image', definitionHash: definitionHash(parent.definition), image: parent.image, user: 'admin', ssmAgent: false },
  });
}

/** Writes a cloud assembly of these plans, as `app.synth()` does. Texts stand for plans that are broken. */
export function writeAssembly(folder: string, plans: { readonly [file: string]: Plan | string }, nested: readonly string[] = []): string {
  const artifacts: { [id: string]: object } = { Tree: { type: 'cdk:tree', properties: { file: 'tree.json' } } };
  mkdirSync(folder, { recursive: true });
  for (const [name, plan] of Object.entries(plans)) {
    const file = `${name}.golden-plan.json`;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), typeof plan === 'string' ? plan : `${canonicalJson(plan, 2)}\n`);
    artifacts[file] = { type: 'none', properties: { file } };
  }
  for (const directoryName of nested) { artifacts[directoryName] = { type: 'cdk:cloud-assembly', properties: { directoryName } }; }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ version: '41.0.0', artifacts }));
  return folder;
}
