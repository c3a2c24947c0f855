import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import type { Check } from '../../lib/plan/checks';
import { PROBES } from '../../lib/verify/checks/probes';
import { judge } from '../../lib/verify/verdict';

/** `test/cases/verify/<type>/<what it shows>.json`: a check, what the machine's command wrote, and what follows. */
interface Case {
  readonly check: Check;
  readonly output: { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };
  readonly expected: readonly object[];
}

const folder = join(__dirname, '..', 'cases', 'verify');

describe.each(readdirSync(folder))('check of type %s', (type) => {
  test.each(readdirSync(join(folder, type)).map((file) => file.replace(/\.json$/, '')))('%s', (name) => {
    const { check, output, expected } = JSON.parse(readFileSync(join(folder, type, `${name}.json`), 'utf8')) as Case;

    const readings = PROBES[check.type].parse({
      exitCode: output.exitCode ?? undefined,
      stdout: Buffer.from(output.stdout),
      stderr: Buffer.from(output.stderr),
      truncated: false,
    }, check);

    const results = judge(check, readings);
    expect(results).toEqual(expected.map((each) => expect.objectContaining(each)));
    expect(check.type).toBe(type);
  });
});
