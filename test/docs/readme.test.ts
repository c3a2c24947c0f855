import { readFileSync } from 'fs';
import { join } from 'path';
import { exampleSnippets, markdownSnippets, snippetFaults, type Snippet } from './snippets';

const ROOT = join(__dirname, '..', '..');

describe('the documentation', () => {
  const readme = markdownSnippets('README.md', readFileSync(join(ROOT, 'README.md'), 'utf8'));
  const examples = [...exampleSnippets(ROOT, 'lib/image'), ...exampleSnippets(ROOT, 'lib/assertions')];
  // One that is wrong, so that this test cannot pass by looking at nothing.
  const wrong: Snippet = { file: 'WRONG.md', line: 7, code: 'import { Source } from \'cdk-golden-image\';\nSource.debian(12);' };

  test('shows code', () => {
    expect(readme.length).toBeGreaterThan(0);
    expect(examples.length).toBeGreaterThan(0);
  });

  test('shows code that compiles', () => {
    expect(snippetFaults(ROOT, [...readme, ...examples, wrong])).toEqual([
      'WRONG.md:8: Argument of type \'number\' is not assignable to parameter of type \'string\'.',
    ]);
  }, 120_000);
});

test('the blocks of a Markdown text are found with their lines', () => {
  const text = ['# Title', '```ts', 'a;', 'b;', '```', '```sh', 'ls', '```', '```typescript', '```'].join('\n');
  expect(markdownSnippets('X.md', text)).toEqual([{ file: 'X.md', line: 3, code: 'a;\nb;' }, { file: 'X.md', line: 10, code: '' }]);
});

test('a block without an end is an error', () => {
  expect(() => markdownSnippets('X.md', 'text\n```ts\na;\n')).toThrow('X.md:2: this block is not closed');
});
