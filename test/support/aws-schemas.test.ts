import { buildSync } from 'esbuild';
import { withPlainNames } from './aws-schemas';

const SCHEMAS = `const _n = "name";
const _o = "odd \\"name";
const n0 = "com.amazonaws.ec2";
export const Used$ = [3, n0, "Used", { [_n]: 1, [_o]: 2 }];
export const Unused$ = [3, n0, "Unused", { [_n]: 1 }];
`;

test('names of properties take the place of the constants that hold them', () => {
  expect(withPlainNames(SCHEMAS)).toContain('{ "name": 1, [_o]: 2 }');
});

test('a schema that nobody uses is not bundled then, and it was before', () => {
  expect(bundled(SCHEMAS)).toContain('"Unused"');
  expect(bundled(withPlainNames(SCHEMAS))).not.toContain('"Unused"');
});

/** What is bundled for somebody who uses one of the schemas. */
function bundled(schemas: string): string {
  const { outputFiles } = buildSync({
    stdin: { contents: `${schemas}\nconsole.log(Used$);`.replace(/export /g, ''), loader: 'js' }, bundle: true, write: false, treeShaking: true,
  });
  return outputFiles[0].text;
}
