import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { given, runSnippet } from './execution';
import { exampleSnippets, markdownSnippets, snippetFaults, type Snippet } from './snippets';

const ROOT = join(__dirname, '..', '..');

const GUIDES = ['docs/building.md', 'docs/codebuild.md', 'docs/deploying.md', 'docs/distribution.md', 'docs/late-bound-values.md'];

const snippetsOf = (file: string) => markdownSnippets(file, readFileSync(join(ROOT, file), 'utf8'));

describe('the documentation', () => {
  const readme = snippetsOf('README.md');
  const guides = GUIDES.flatMap(snippetsOf);
  const imageExamples = exampleSnippets(ROOT, 'lib/image');
  const examples = [...imageExamples, ...exampleSnippets(ROOT, 'lib/assertions')];
  // One that is wrong, so that this test cannot pass by looking at nothing.
  const wrong: Snippet = { file: 'WRONG.md', line: 7, code: 'import { Source } from \'cdk-golden-image\';\nSource.debian(12);' };

  test('shows code', () => {
    expect(readme.length).toBeGreaterThan(0);
    expect(examples.length).toBeGreaterThan(0);
  });

  test('shows code that compiles', () => {
    expect(snippetFaults(ROOT, [...readme, ...guides, ...examples, wrong])).toEqual([
      'WRONG.md:8: Argument of type \'number\' is not assignable to parameter of type \'string\'.',
    ]);
  }, 120_000);

  describe('shows code that runs', () => {
    const home = process.cwd();
    let scratch: string;
    beforeEach(() => {
      scratch = mkdtempSync(join(tmpdir(), 'docs-'));
      process.env.CDK_OUTDIR = scratch;
      // Files that snippets name lie here.
      process.chdir(join(ROOT, 'examples', 'web-server'));
    });
    afterEach(() => {
      process.chdir(home);
      delete process.env.CDK_OUTDIR;
      rmSync(scratch, { recursive: true });
    });
    const plans = () => readdirSync(scratch).filter((name) => name.endsWith('.golden-plan.json'));

    test('in the README, from its first block to its last, with one image', () => {
      const values = given();
      const apps = new Set(readme.map((snippet) => runSnippet(snippet, values)));
      apps.forEach((app) => app.synth());
      // Those that are given, and those of the blocks that declare some.
      expect(plans()).toHaveLength(6);
    });

    test.each(guides)('in $file:$line', (snippet) => {
      runSnippet(snippet, given()).synth();
      expect(plans().length).toBeGreaterThanOrEqual(2);
    });

    test.each(imageExamples)('in $file:$line', (snippet) => {
      runSnippet(snippet, given()).synth();
      expect(plans().length).toBeGreaterThanOrEqual(2);
    });

    test('and says of code that does not where it stands', () => {
      expect(() => runSnippet({ file: 'X.md', line: 3, code: 'image.addProvisionr();' }, given())).toThrow('X.md:3: image.addProvisionr is not a function');
    });
  });
});

test('the blocks of a Markdown text are found with their lines', () => {
  const text = ['# Title', '```ts', 'a;', 'b;', '```', '```sh', 'ls', '```', '```typescript', '```'].join('\n');
  expect(markdownSnippets('X.md', text)).toEqual([{ file: 'X.md', line: 3, code: 'a;\nb;' }, { file: 'X.md', line: 10, code: '' }]);
});

test('a block without an end is an error', () => {
  expect(() => markdownSnippets('X.md', 'text\n```ts\na;\n')).toThrow('X.md:2: this block is not closed');
});
