import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { bundledPackages, bundleNotices } from './bundle-notices';

test('packages are found by what was read, nested ones and those with a scope included, each once', () => {
  expect(bundledPackages(['lib/cli/main.ts', 'node_modules/ajv/dist/a.js', 'node_modules/ajv/dist/b.js', 'node_modules/a/node_modules/@b/c/d.js']))
    .toEqual(['node_modules/a/node_modules/@b/c', 'node_modules/ajv']);
});

test('a notice has the name, the version and the licence of its package', () => {
  expect(bundleNotices(['node_modules/ssh2'])).toMatch(/\nssh2 \d+\.\d+\.\d+\n\nCopyright Brian White\. All rights reserved\.\n/);
});

test('a package that forgot its licence has that of a package of the same repository', () => {
  const [one, other] = bundleNotices(['node_modules/@aws-sdk/credential-provider-http', 'node_modules/@aws-sdk/client-ec2']).split('-'.repeat(80));
  expect(one).toMatch(/@aws-sdk\/credential-provider-http \d+\.\d+\.\d+\n\n\s*Apache License\n/);
  expect(other).toContain('@aws-sdk/client-ec2');
});

test('a package without a licence is an error', () => {
  const folder = mkdtempSync(join(tmpdir(), 'notices-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "name": "bare", "version": "1.0.0" }');
    expect(() => bundleNotices([folder])).toThrow(`${folder} has no licence to keep with its code`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
