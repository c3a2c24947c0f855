import { createHash } from 'crypto';
import { readFileSync } from 'fs';
import { join } from 'path';
import { PLAN_VERSION } from '../../lib/plan/model';
import { generatePlanSchema } from '../support/plan-schema';

const FILE = join(__dirname, '..', '..', 'lib', 'plan', 'plan.schema.json');

/** Each version of the plan, with the digest of its schema. */
const SCHEMAS: { readonly [version: number]: string } = {
  1: '9828f888327ba9875a491107a51e2e563953ac147d659978f9488a2abe294ee6',
};

test('the schema is generated from the types', () => {
  // Differs? Run `npx projen plan-schema` and commit what it writes.
  expect(readFileSync(FILE, 'utf8')).toBe(generatePlanSchema());
});

/**
 * An engine reads plans of its own version only, so it has to be told when the schema moves. Not released yet: put the new
 * digest in place of the old one. Released: raise PLAN_VERSION in lib/plan/model.ts by one, and add a line to SCHEMAS.
 * A description is no part of what a plan is.
 */
test('the version of the plan moves with its schema', () => {
  expect(Object.keys(SCHEMAS)).toEqual(Array.from({ length: PLAN_VERSION }, (_, i) => String(i + 1)));
  expect(schemaDigest()).toBe(SCHEMAS[PLAN_VERSION]);
});

test('every object of the schema refuses what it does not know', () => {
  const { definitions } = JSON.parse(readFileSync(FILE, 'utf8')) as { definitions: { [name: string]: { properties?: object; additionalProperties?: unknown } } };
  const open = Object.entries(definitions).filter(([, schema]) => schema.properties && schema.additionalProperties !== false);
  expect(open.map(([name]) => name)).toEqual([]);
});

function schemaDigest(): string {
  const withoutDescriptions = JSON.stringify(JSON.parse(readFileSync(FILE, 'utf8')), (key, value: unknown) => (
    key === 'description' && typeof value === 'string' ? undefined : value
  ));
  return createHash('sha256').update(withoutDescriptions).digest('hex');
}
