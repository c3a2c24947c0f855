import Ajv from 'ajv';
import fc from 'fast-check';
import * as schema from '../../lib/plan/plan.schema.json';
import { conforms } from '../../lib/plan/schema-conformance';
import { samplePlan } from '../support/sample-plan';

const validate = new Ajv({ discriminator: true, strict: false, validateFormats: false, ownProperties: true }).compile(schema);

/** A value that a schema of a plan may well ask for. */
const telling = fc.oneof(
  fc.constantFrom('run', 'put', 'reboot', 'ssm', 'ssh', 'ami', 'text', '0644', 'x86_64', 'Expect', -1, 0, 1, 2.5, true, null), fc.jsonValue(),
);

test('a plan conforms', () => {
  expect(conforms(schema, samplePlan())).toBe(true);
});

test('of a changed plan, what the validator says is said', () => {
  let refused = 0;
  const changes = fc.tuple(fc.array(fc.nat(), { minLength: 1, maxLength: 7 }), fc.constantFrom('set', 'remove', 'add'), telling);
  fc.assert(fc.property(changes, ([path, change, value]) => {
    const plan: unknown = JSON.parse(JSON.stringify(samplePlan()));
    let container = plan as { [key: string]: unknown };
    for (const [i, choice] of path.entries()) {
      const keys = Object.keys(container);
      const key = keys[choice % keys.length];
      const next = container[key];
      if (i < path.length - 1 && typeof next === 'object' && next !== null && Object.keys(next).length > 0) {
        container = next as { [key: string]: unknown };
        continue;
      }
      if (change === 'set') { container[key] = value; }
      if (change === 'remove') { delete container[key]; }
      if (change === 'add') { container[typeof value === 'string' ? value : 'another'] = value; }
      break;
    }
    const verdict = validate(JSON.parse(JSON.stringify(plan)));
    if (!verdict) { refused++; }
    expect([plan, conforms(schema, JSON.parse(JSON.stringify(plan)))]).toEqual([plan, verdict]);
  }), { numRuns: 2000 });
  expect(refused).toBeGreaterThan(1000);
});

test.each([
  ['a number below the least', { type: 'number', minimum: 1 }, 0],
  ['a text of another form', { type: 'string', pattern: '^a+$' }, 'b'],
  ['a list that is too short', { type: 'array', minItems: 1, items: { type: 'string' } }, []],
  ['a list with another thing in it', { type: 'array', items: { type: 'string' } }, ['a', 1]],
  ['a member of the name __proto__', { type: 'object', properties: {}, additionalProperties: false }, JSON.parse('{"__proto__":1}')],
  ['a member that only every object has', { type: 'object', required: ['toString'] }, {}],
  ['what a keyword asks that is not known', { type: 'string', maxLength: 9 }, 'short'],
  ['what two alternatives allow', { oneOf: [{ type: 'string' }, { const: 'a' }] }, 'a'],
])('%s does not conform', (_, part, value) => {
  expect(conforms(part, value)).toBe(false);
});
