import { AppOutput } from '../../lib/cli/app/app-output';

const VALIDATION = `/home/me/node_modules/aws-cdk-lib/core/lib/private/synthesis.js:3
  \`);throw new Error(\`Validation failed with the following errors:
           ^

Error: Validation failed with the following errors:
  [S/Image/File] 0999 is not the mode of a file
    at least one digit is no octal one
  [S/Image/Shell] It has nothing to run
    at validateTree (/home/me/node_modules/aws-cdk-lib/core/lib/private/synthesis.js:3:12)
    at <anonymous> (/home/me/app.ts:8:5)

Node.js v20.20.2
`;

const BUG = `/home/me/app.ts:3
throw new TypeError('mine');
^

TypeError: mine
    at Object.<anonymous> (/home/me/app.ts:3:7)

Node.js v20.20.2
`;

test('what an app writes is passed on line by line', () => {
  const output = new AppOutput();
  expect(output.add('one\ntw')).toBe('one\n');
  expect(output.add('o\n')).toBe('two\n');
  expect(output.end()).toEqual({ text: '' });
});

test('faults that the CDK reports are taken out of their stack trace', () => {
  const output = new AppOutput();
  // It may come in any pieces.
  const shown = [...`a warning\n${VALIDATION}`].map((piece) => output.add(piece)).join('');
  expect(shown).toBe('a warning\n');
  expect(output.end()).toEqual({
    text: '',
    faults: '  [S/Image/File] 0999 is not the mode of a file\n    at least one digit is no octal one\n  [S/Image/Shell] It has nothing to run',
  });
});

test('a fault of the app itself keeps its stack trace', () => {
  const output = new AppOutput();
  expect(output.add(`before\n${BUG}`)).toBe('before\n');
  expect(output.end()).toEqual({ text: BUG });
});
