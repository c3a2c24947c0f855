import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { childOf, plainDefinition, planOf, writeAssembly } from './sample-assembly';
import { runCli } from '../../lib/cli/cli';
import { wireHost } from '../../lib/cli/wiring';
import { canonicalJson } from '../../lib/plan/canonical-json';
import { TestSurroundings } from '../support/test-surroundings';

let folder: string;
let world: TestSurroundings;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'));
  world = new TestSurroundings(folder, { PATH: process.env.PATH, HOME: folder });
});
afterEach(() => {
  // Whatever is wrong with what we were given: never a stack trace.
  expect(world.out + world.err).not.toMatch(/\n\s+at /);
  rmSync(folder, { recursive: true });
});

const golden = (...argv: string[]) => runCli(argv, world);

describe('the command line', () => {
  test('--help names every command and what its exit codes mean', async () => {
    await expect(golden('--help')).resolves.toBe(0);
    for (const text of ['synth', 'plan', 'build', 'validate', 'list', 'resume', 'gc', 'destroy', 'iam', '130  interrupted']) { expect(world.out).toContain(text); }
    expect(world.err).toBe('');
  });

  test('--version prints the version', async () => {
    await expect(golden('--version')).resolves.toBe(0);
    expect(world.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    ['an unknown command', ['biuld'], 'error: unknown command \'biuld\'\n(Did you mean build?)\n'],
    ['an unknown option', ['build', '--paralel', '2'], 'error: unknown option \'--paralel\'\n(Did you mean --parallel?)\n'],
    ['a number that is none', ['build', '--parallel', 'many'],
      'error: option \'--parallel <n>\' argument \'many\' is invalid. A whole number from 1 on is needed.\n'],
    ['a choice that is none', ['build', '--on-error', 'guess'],
      'error: option \'--on-error <what>\' argument \'guess\' is invalid. Allowed choices are cleanup, abort, ask.\n'],
    ['to be asked without a terminal', ['build', '--on-error', 'ask'],
      'error: --on-error ask needs a terminal, and this is none\n    Without one, --on-error abort leaves the machine of a failed build; golden shell enters it.\n'],
  ])('%s is refused', async (_what, argv, message) => {
    await expect(golden(...argv)).resolves.toBe(2);
    expect(world.err).toBe(message);
  });

  test('nothing asked for prints the help, as an error', async () => {
    await expect(golden()).resolves.toBe(2);
    expect(world.err).toContain('Usage: golden');
  });
});

describe('the app', () => {
  test('that nobody names: what to do', async () => {
    await expect(golden('synth')).resolves.toBe(2);
    expect(world.err).toBe('error: There is no app to synthesise\n'
      + '    Pass --app, such as --app "npx tsx app.ts", or the folder of an assembly; or name it in cdk.json: { "app": "npx tsx app.ts" }\n');
  });

  test('is the command of cdk.json, run by a shell with the context of both files; what it prints goes to stderr', async () => {
    writeFileSync(join(folder, 'cdk.json'), JSON.stringify({ app: 'echo "from $WHO" && node app.js', context: { both: 'settings', settings: 1 } }));
    writeFileSync(join(folder, 'cdk.context.json'), JSON.stringify({ both: 'remembered', remembered: 2 }));
    world.environment.WHO = 'the app';
    fakeApp();

    await expect(golden('synth')).resolves.toBe(0);

    expect(world.out).toMatch(/^Stack\/Web {2}[0-9a-f]{16} {2}cdk\.out\/plan\.golden-plan\.json\n$/);
    expect(world.err).toBe('from the app\n');
    expect(JSON.parse(readFileSync(join(folder, 'cdk.out', 'context.json'), 'utf8'))).toEqual({ both: 'settings', settings: 1, remembered: 2 });
  });

  test('gets a context that fits into no variable by a file', async () => {
    const value = 'x'.repeat(300_000);
    writeFileSync(join(folder, 'cdk.json'), JSON.stringify({ app: 'node app.js', context: { value } }));
    fakeApp();
    await expect(golden('synth')).resolves.toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'cdk.out', 'context.json'), 'utf8'))).toEqual({ value });
  });

  test('and the folder of its assembly can be given', async () => {
    fakeApp();
    await expect(golden('synth', '--app', 'node app.js', '--assembly-output', 'elsewhere')).resolves.toBe(0);
    expect(world.out).toContain('elsewhere/plan.golden-plan.json');
  });

  test('may be an assembly that is there already', async () => {
    writeAssembly(join(folder, 'made'), { a: planOf('Stack/A') });
    await expect(golden('synth', '--app', 'made')).resolves.toBe(0);
    expect(world.out).toContain('Stack/A');
  });

  test.each([
    ['that fails', 'echo reason >&2; exit 9', 'reason\nerror: The app ended with exit code 9: echo reason >&2; exit 9\n    What it printed says why.\n'],
    ['that writes no assembly', 'true', 'has no manifest.json'],
    ['that is not there', './no-such-app', 'error: The app ended with exit code 127: ./no-such-app\n    The shell found no such command.\n'],
  ])('%s is an error', async (_what, app, message) => {
    mkdirSync(join(folder, 'cdk.out'));
    await expect(golden('synth', '--app', app)).resolves.toBe(3);
    expect(world.err).toContain(message);
  });

  test('whose constructs have faults is an error that lists them, and not the stack that threw them', async () => {
    writeFileSync(join(folder, 'app.js'), 'throw new Error(`Validation failed with the following errors:\\n  [S/Image/File] 0999 is no mode`)');
    await expect(golden('build', '--app', 'node app.js')).resolves.toBe(3);
    expect(world.err).toBe('error: The app has faults:\n  [S/Image/File] 0999 is no mode\n');
  });

  test('is ended by an interruption', async () => {
    setTimeout(() => world.controller.abort(), 200);
    await expect(golden('synth', '--app', 'sleep 60')).resolves.toBe(130);
    expect(world.err).toBe('Interrupted.\n');
  });

  test('a cdk.json that is no JSON is named', async () => {
    writeFileSync(join(folder, 'cdk.json'), '{ "app": ');
    await expect(golden('build')).resolves.toBe(3);
    expect(world.err).toContain(`error: ${folder}/cdk.json:1:10: The JSON ends too early\n    It was not written or copied whole.\n`);
  });
});

describe('plans', () => {
  const plan = planOf('Stack/Web');
  const text = canonicalJson(plan, 2);

  test.each([
    ['truncated', text.slice(0, 200), / has 1 fault:\n.*plan\.golden-plan\.json:\d+:\d+: /],
    ['of a newer version', text.replace('"version": 1', '"version": 2'), /The plan is of version 2; this engine reads version 1\n\s+Update cdk-golden-image where the engine runs\./],
    ['with an unknown field', text.replace('"epoch"', '"epok": 1,\n    "epoch"'), /\/definition\/epok is an unknown field/],
    ['edited by hand', text.replace('8192', '4096'), /definitionHash does not match/],
    ['that are not JSON', 'PLAN', /has 1 fault/],
  ])('%s are refused with the place', async (_what, broken, message) => {
    writeAssembly(join(folder, 'out'), { plan: broken });
    for (const command of ['synth', 'validate', 'build', 'list']) {
      world.err = '';
      await expect(golden(command, '--app', 'out')).resolves.toBe(3);
      expect(world.err).toMatch(message);
    }
  });

  test('faults of all plans are reported together, unless those plans are not asked for', async () => {
    writeAssembly(join(folder, 'out'), { a: text.replace('"epoch"', '"epok": 1, "epoch"'), b: '{', c: canonicalJson(planOf('Stack/C'), 2) });
    await expect(golden('validate', '--app', 'out')).resolves.toBe(3);
    expect(world.err).toContain('The assembly has 2 faults');
    expect(world.err).toContain('/a.golden-plan.json:');
    expect(world.err).toContain('/b.golden-plan.json:');
    await expect(golden('validate', '--app', 'out', '*/C')).resolves.toBe(0);
    expect(world.out).toBe('1 plan without faults: Stack/C\n');
  });

  test('assets that are missing or were changed are named by construct', async () => {
    const asset = 'a'.repeat(64);
    const put = { type: 'put', destination: '/x', owner: 'root', group: 'root', directoryMode: '0755' } as const;
    writeAssembly(join(folder, 'out'), {
      plan: planOf('Stack/Web', {
        ...plainDefinition,
        instructions: [
          { ...put, origin: 'Changed', content: { asset, kind: 'file' } },
          { ...put, origin: 'Missing', content: { asset: 'b'.repeat(64), kind: 'file' } },
        ],
      }),
    });
    mkdirSync(join(folder, 'out', 'golden-assets'));
    writeFileSync(join(folder, 'out', 'golden-assets', asset), 'other bytes');
    await expect(golden('validate', '--app', 'out')).resolves.toBe(3);
    expect(world.err).toContain(`Stack/Web/Changed: The asset ${folder}/out/golden-assets/${asset} was changed after synthesis`);
    expect(world.err).toContain(`Stack/Web/Missing: The asset ${folder}/out/golden-assets/${'b'.repeat(64)} does not exist`);
  });
});

describe('images', () => {
  beforeEach(() => {
    writeAssembly(join(folder, 'out'), Object.fromEntries(['Stack/Web', 'Stack/Db', 'Prod/Stack/Web'].map((image, i) => [`p${i}`, planOf(image)])));
  });

  test.each([
    [[], ['Prod/Stack/Web', 'Stack/Db', 'Stack/Web']],
    [['Stack/Web'], ['Stack/Web']],
    [['*/Web'], ['Stack/Web']],
    [['**/Web'], ['Prod/Stack/Web', 'Stack/Web']],
    [['Stack/*', '**/Web'], ['Prod/Stack/Web', 'Stack/Db', 'Stack/Web']],
  ])('%j selects %j', async (patterns, images) => {
    await expect(golden('synth', '--app', 'out', ...patterns)).resolves.toBe(0);
    expect(world.out.trimEnd().split('\n').map((line) => line.split(' ')[0])).toEqual(images);
  });

  test('a pattern that matches nothing is an error that lists what there is', async () => {
    await expect(golden('synth', '--app', 'out', 'Stack/Wbe')).resolves.toBe(2);
    expect(world.err).toBe('error: No image matches Stack/Wbe\n    There are: Prod/Stack/Web, Stack/Db, Stack/Web\n');
  });

  test('an app without images is an error', async () => {
    writeAssembly(join(folder, 'none'), {});
    await expect(golden('build', '--app', 'none')).resolves.toBe(3);
    expect(world.err).toBe('error: The app declares no images\n    Add an AmiImage to one of its stacks.\n');
  });
});

test('list shows each image and its artifacts, and which of them are of an earlier definition', async () => {
  const base = planOf('Stack/Base');
  writeAssembly(join(folder, 'out'), { base, child: childOf(base, 'Stack/Child') });
  artifact('Stack-Base', 'b'.repeat(64), base.definitionHash);
  artifact('Stack-Base', 'c'.repeat(64), 'e'.repeat(64));

  await expect(golden('list', '--app', 'out')).resolves.toBe(0);

  const short = (hash: string) => hash.slice(0, 16);
  expect(world.out.replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, 'DATE').split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | ')).sort()).toEqual([
    '', 'IMAGE | DEFINITION | ARTIFACT',
    `Stack/Base | ${short(base.definitionHash)}`,
    `Stack/Child | ${short(childOf(base, 'Stack/Child').definitionHash)} | no artifact`,
    `golden.out/Stack-Base/${'b'.repeat(16)} | ${short(base.definitionHash)} | 3.0 KiB, DATE`,
    `golden.out/Stack-Base/${'c'.repeat(16)} | ${'e'.repeat(16)} | 3.0 KiB, DATE, of an earlier definition`,
  ]);
});

test('a host that is none is refused, with those there are', async () => {
  writeAssembly(join(folder, 'out'), { a: planOf('Stack/A') });
  world = new TestSurroundings(folder, { HOME: folder }, wireHost);
  await expect(golden('build', '--app', 'out', '--host', 'azure')).resolves.toBe(2);
  expect(world.err).toBe('error: There is no host azure\n    Hosts: sandbox, ec2.\n');
});

test('a fault of golden itself is short; its details go to a file', async () => {
  writeAssembly(join(folder, 'out'), { a: planOf('Stack/A') });
  await expect(golden('build', '--app', 'out')).resolves.toBe(1);
  expect(world.err).toBe('error: golden met a fault of its own: this test has no host\n'
    + `    Details are in ${folder}/.cache/golden/faults/2026-01-02T03-04-05-000Z.log. Please report it with them: `
    + 'https://github.com/cdk-golden-image/cdk-golden-image/issues\n');
  expect(readFileSync(join(folder, '.cache/golden/faults/2026-01-02T03-04-05-000Z.log'), 'utf8')).toMatch(/Error: this test has no host\n\s+at /);
});

/** An app that does what `app.synth()` does, without the CDK: it keeps the context that it got. */
function fakeApp(): void {
  const plan = canonicalJson(planOf('Stack/Web'));
  writeFileSync(join(folder, 'app.js'), `
    const { mkdirSync, readFileSync, writeFileSync } = require('fs');
    const out = process.env.CDK_OUTDIR;
    mkdirSync(out, { recursive: true });
    const overflow = process.env.CONTEXT_OVERFLOW_LOCATION_ENV;
    const context = { ...JSON.parse(process.env.CDK_CONTEXT_JSON), ...overflow ? JSON.parse(readFileSync(overflow, 'utf8')) : {} };
    writeFileSync(out + '/context.json', JSON.stringify(context));
    writeFileSync(out + '/plan.golden-plan.json', ${JSON.stringify(plan)});
    writeFileSync(out + '/manifest.json', JSON.stringify({ artifacts: { plan: { type: 'none', properties: { file: 'plan.golden-plan.json' } } } }));
  `);
}

function artifact(image: string, buildKey: string, definitionHash: string): void {
  const path = join(folder, 'golden.out', image, buildKey.slice(0, 16));
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'manifest.json'), JSON.stringify({ buildKey, definitionHash, files: [{ bytes: 1024 }, { bytes: 2048 }] }));
}
