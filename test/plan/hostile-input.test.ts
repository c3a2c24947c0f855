import fc from 'fast-check';
import { InvalidPlanError } from '../../lib/errors';
import { parsePlan } from '../../lib/plan/parse';
import { planFaults } from '../../lib/plan/validate';
import { samplePlan } from '../support/sample-plan';

const TEXT = JSON.stringify(samplePlan(), undefined, 2);

/** The code of the first fault, or undefined where the text is a plan. Nothing but an InvalidPlanError may come out. */
function faultOf(text: string): string | undefined {
  try {
    parsePlan(text, 'plan.json');
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidPlanError)) { throw error; }
    expect(error.faults.length).toBeGreaterThan(0);
    expect(error.faults[0].message).not.toBe('');
    expect(error.faults[0].position).toMatchObject({ file: 'plan.json', line: expect.any(Number), column: expect.any(Number) });
    return error.faults[0].code;
  }
}

test('every beginning of a plan ends too early, at its end', () => {
  for (let length = 0; length < TEXT.length; length++) {
    expect([length, faultOf(TEXT.slice(0, length))]).toEqual([length, 'truncated-json']);
  }
});

test('where it ends is told by line and column', () => {
  const cut = TEXT.slice(0, TEXT.indexOf('"image"') + 4);
  expect(() => parsePlan(cut, 'plan.json')).toThrow('plan.json has 1 fault:\n  plan.json:3:7: The JSON ends too early\n    It was not written or copied whole.');
});

test('a plan with flipped bits is read or refused, never anything else', () => {
  const bytes = Buffer.from(TEXT);
  const flips = fc.uniqueArray(fc.nat(bytes.length * 8 - 1), { minLength: 1, maxLength: 4 });
  let refused = 0;
  fc.assert(fc.property(flips, (bits) => {
    const damaged = Buffer.from(bytes);
    for (const bit of bits) { damaged[bit >> 3] ^= 1 << (bit & 7); }
    if (faultOf(damaged.toString()) !== undefined) { refused++; }
  }), { numRuns: 1000 });
  // What no hash covers, such as the names of constructs, may change.
  expect(refused).toBeGreaterThan(700);
});

test('a plan with other values in it is read or refused, never anything else', () => {
  const replaced = fc.tuple(fc.array(fc.nat(), { minLength: 1, maxLength: 6 }), fc.jsonValue());
  fc.assert(fc.property(replaced, ([path, value]) => {
    const plan: unknown = JSON.parse(TEXT);
    let container = plan as { [key: string]: unknown };
    for (const [i, choice] of path.entries()) {
      const keys = Object.keys(container);
      if (keys.length === 0) { break; }
      const key = keys[choice % keys.length];
      const next = container[key];
      if (i === path.length - 1 || typeof next !== 'object' || next === null) { container[key] = value; break; }
      container = next as { [key: string]: unknown };
    }
    faultOf(JSON.stringify(plan));
  }), { numRuns: 1000 });
});

test('any JSON is read or refused, never anything else', () => {
  fc.assert(fc.property(fc.json(), (text) => { expect(faultOf(text)).toBeDefined(); }));
});

describe('nesting', () => {
  const DEEP = 100_000;

  test.each([
    ['arrays', `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`, 'nested-too-deeply'],
    ['objects', `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`, 'nested-too-deeply'],
    ['arrays that are not closed', '['.repeat(DEEP), 'truncated-json'],
    ['objects that are not closed', '{"a":'.repeat(DEEP), 'truncated-json'],
    ['brackets of the wrong kind', `${'['.repeat(DEEP)}}`, 'invalid-json'],
  ])('of 100,000 %s is refused', (_, text, code) => {
    expect(faultOf(text)).toBe(code);
  });

  test('in an otherwise valid plan is refused', () => {
    const text = TEXT.replace('"enabled": true', `"enabled": ${'{"not":'.repeat(DEEP)}true${'}'.repeat(DEEP)}`);
    expect(faultOf(text)).toBe('nested-too-deeply');
  });

  test('as a person would write it is fine', () => {
    const text = TEXT.replace('"enabled": true', `"enabled": ${'{"not":'.repeat(50)}true${'}'.repeat(50)}`);
    expect(faultOf(text)).toBe('edited-plan');
  });

  test('in a circle ends too', () => {
    const circle: { [key: string]: unknown } = { ...samplePlan() };
    circle.target = circle;
    expect(planFaults(circle)[0].code).toBe('nested-too-deeply');
  });
});

describe('50 MB', () => {
  const SIZE = 50_000_000;

  test.each<[string, () => string, string]>([
    ['of one text', () => `"${'x'.repeat(SIZE)}"`, 'invalid-field'],
    ['of a text without an end', () => `"${'x'.repeat(SIZE)}`, 'truncated-json'],
    ['of one number', () => '1'.repeat(SIZE), 'invalid-field'],
    ['of backslashes', () => `"${'\\'.repeat(SIZE)}`, 'truncated-json'],
  ])('%s are refused', (_, text, code) => {
    expect(faultOf(text())).toBe(code);
  });
});

test('100,000 broken instructions are refused', () => {
  expect(faultOf(`{"version":1,"definition":{"instructions":[${'{"type":"put"},'.repeat(100_000)}0]}}`)).toBe('missing-field');
});
