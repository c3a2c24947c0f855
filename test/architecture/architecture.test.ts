import { execFileSync } from 'child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { layoutFaults, sources } from './layout';
import { doors, rooms } from './rooms';
import { architectureConfig, doorRule } from './rules';

const ROOT = join(__dirname, '..', '..');
const CRUISER = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');

interface CruiseResult {
  readonly modules: readonly { readonly source: string; readonly dependencies: readonly { readonly resolved: string }[] }[];
  readonly summary: {
    readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string; readonly to: string }[];
  };
}

let scratch: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'architecture-'));
  writeFileSync(join(scratch, 'rules.json'), JSON.stringify(architectureConfig()));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs dependency-cruiser, which is an ES module and so a process of its own, over the `lib/` of a tree. */
function cruise(root: string): CruiseResult {
  const argv = [CRUISER, '--config', join(scratch, 'rules.json'), '--output-type', 'json', '--no-cache', '--no-progress', 'lib'];
  const json = execFileSync(process.execPath, argv, { cwd: root, maxBuffer: 1 << 28, timeout: 60_000 });
  return JSON.parse(json.toString()) as CruiseResult;
}

function violations({ summary }: CruiseResult): string[] {
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).sort();
}

/** A small tree with one file in each room, in which nothing is wrong. */
function soundTree(name: string, more: { readonly [file: string]: string } = {}): string {
  const root = join(scratch, name);
  const files = {
    'lib/errors.ts': 'export class E extends Error {}\n',
    'lib/process.ts': 'import { spawn } from \'child_process\';\nimport { E } from \'./errors\';\nexport const start = (c: string) => { if (!c) { throw new E(); } spawn(c); };\n',
    'lib/plan/model.ts': 'import { E } from \'../errors\';\nexport interface Plan { readonly e: E }\nexport const plan = 1;\n',
    'lib/image/ami-image.ts': 'import { Construct } from \'constructs\';\nimport { plan } from \'../plan/model\';\nexport class AmiImage extends Construct { p = plan; }\n',
    'lib/assertions/image-plan.ts': 'import type { AmiImage } from \'../image/ami-image\';\nexport const of = (i: AmiImage) => i;\n',
    'lib/index.ts': 'export * from \'./image/ami-image\';\nexport * as assertions from \'./assertions/image-plan\';\n',
    'lib/ports/host.ts': 'import type { Plan } from \'../plan/model\';\nexport interface Host { readonly plan: Plan }\nexport type Hosts = Host[];\n',
    'lib/verify/evaluate.ts': 'import type { Host } from \'../ports/host\';\nexport const evaluate = (h: Host) => h;\n',
    'lib/engine/build.ts': 'import { evaluate } from \'../verify/evaluate\';\nexport const build = evaluate;\n',
    'lib/communicators/ssh/ssh.ts': 'import { Client } from \'ssh2\';\nexport const open = () => new Client();\n',
    'lib/communicators/exec/exec.ts': 'import { start } from \'../../process\';\nexport const exec = start;\n',
    'lib/hosts/sandbox/sandbox.ts': 'import type { Host } from \'../../ports/host\';\nexport const host = {} as Host;\n',
    'lib/cli/main.ts': 'import { build } from \'../engine/build\';\nimport { host } from \'../hosts/sandbox/sandbox\';\nbuild(host);\n',
    ...more,
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

describe('this library', () => {
  let cruised: CruiseResult;

  beforeAll(() => { cruised = cruise(ROOT); });

  test('imports along the arrows, through the doors, and never in a circle', () => {
    expect(violations(cruised)).toEqual([]);
  });

  test('is looked at whole: the rules see every file, and what is behind the doors', () => {
    expect(cruised.modules.map(({ source }) => source).filter((source) => /^lib\/.*\.ts$/.test(source)).sort()).toEqual(sources(ROOT));
    const seen = cruised.modules
      .filter(({ source }) => source.startsWith('lib/'))
      .flatMap(({ dependencies }) => dependencies.map(({ resolved }) => resolved));
    const unseen = Object.keys(doors).filter((pattern) => {
      const paths = doorRule(pattern, []).to.path!.map((path) => new RegExp(path));
      return !seen.some((module) => paths.some((path) => path.test(module)));
    });
    expect(unseen).toEqual([]);
  });

  test('has each file in a room, under a name that says what it is, and none that is too long', () => {
    expect(layoutFaults(ROOT)).toEqual([]);
  });

  test('has the arrows of its rooms free of circles', () => {
    const position = new Map(rooms.map(({ name }, i) => [name, i]));
    const backwards = rooms.flatMap(({ name, mayImport }) => mayImport.filter((other) => position.get(other)! >= position.get(name)!).map((other) => `${name} -> ${other}`));
    expect(backwards).toEqual([]);
  });
});

/** What a rule has to find: the files that hold a breach, and what is said of them. */
const BREACHES: readonly (readonly [string, { readonly [file: string]: string }, readonly string[]])[] = [
  ['an import against the arrows', {
    'lib/cli/against-arrow.ts': 'import { AmiImage } from \'../image/ami-image\';\nexport const wrong = AmiImage;\n',
  }, ['arrows of cli: lib/cli/against-arrow.ts -> lib/image/ami-image.ts']],
  ['an import of a type against the arrows', {
    'lib/engine/type-against-arrow.ts': 'import type { AmiImage } from \'../image/ami-image\';\nexport type Wrong = AmiImage;\n',
  }, ['arrows of engine: lib/engine/type-against-arrow.ts -> lib/image/ami-image.ts']],
  ['an import inside a type', {
    'lib/verify/inline-type.ts': 'export type Wrong = typeof import(\'../engine/build\').build;\n',
  }, [
    'arrows of verify: lib/verify/inline-type.ts -> lib/engine/build.ts',
  ]],
  ['an import while it runs', {
    'lib/plan/dynamic-import.ts': 'export const wrong = () => import(\'../engine/build\');\n',
  }, ['arrows of plan: lib/plan/dynamic-import.ts -> lib/engine/build.ts']],
  ['an export from elsewhere', {
    'lib/plan/re-export.ts': 'export * from \'../ports/host\';\n',
  }, ['arrows of plan: lib/plan/re-export.ts -> lib/ports/host.ts']],
  ['a process started past the door', {
    'lib/engine/process-starter.ts': 'import { spawn } from \'node:child_process\';\nexport const wrong = spawn;\n',
  }, ['door to (node:)?child_process: lib/engine/process-starter.ts -> child_process']],
  ['ssh2 in a host, if only its types', {
    'lib/hosts/sandbox/ssh-types.ts': 'import type { Client } from \'ssh2\';\nexport type Wrong = Client;\n',
  }, ['door to ssh2: lib/hosts/sandbox/ssh-types.ts -> ssh2']],
  ['a part of the CDK in the engine', {
    'lib/engine/cdk-part.ts': 'import { Vpc } from \'aws-cdk-lib/aws-ec2\';\nexport const wrong = Vpc;\n',
  }, ['door to (aws-cdk-lib|constructs): lib/engine/cdk-part.ts -> aws-cdk-lib/aws-ec2']],
  ['a circle of types', {
    'lib/plan/a.ts': 'import type { B } from \'./b\';\nexport interface A { readonly b?: B }\n',
    'lib/plan/b.ts': 'import type { A } from \'./a\';\nexport interface B { readonly a?: A }\n',
  }, ['no cycles: lib/plan/a.ts -> lib/plan/b.ts']],
  ['a value in the ports', {
    'lib/ports/value-import.ts': 'import { E } from \'../errors\';\nexport type Wrong = typeof E;\n',
  }, ['ports import types only: lib/ports/value-import.ts -> lib/errors.ts']],
  ['two communicators that meet', {
    'lib/communicators/ssm/ssm.ts': 'import { open } from \'../ssh/ssh\';\nexport const wrong = open;\n',
  }, ['adapters are strangers: lib/communicators/ssm/ssm.ts -> lib/communicators/ssh/ssh.ts']],
  ['a host that meets a communicator', {
    'lib/hosts/ec2/ec2.ts': 'import { open } from \'../../communicators/ssh/ssh\';\nexport const wrong = open;\n',
  }, [
    'adapters are strangers: lib/hosts/ec2/ec2.ts -> lib/communicators/ssh/ssh.ts',
    'arrows of hosts: lib/hosts/ec2/ec2.ts -> lib/communicators/ssh/ssh.ts',
  ]],
  ['an import of a test', {
    'lib/engine/test-import.ts': 'import { fake } from \'../../test/fake\';\nexport const wrong = fake;\n',
    'test/fake.ts': 'export const fake = 1;\n',
  }, ['lib imports nothing beside it: lib/engine/test-import.ts -> test/fake.ts']],
];

describe('the rules', () => {
  let seeded: string[];

  beforeAll(() => { seeded = violations(cruise(soundTree('seeded', Object.assign({}, ...BREACHES.map(([, files]) => files))))); });

  test('find nothing in a tree in which nothing is wrong', () => {
    const root = soundTree('sound');
    expect(violations(cruise(root))).toEqual([]);
    expect(layoutFaults(root)).toEqual([]);
  });

  test.each(BREACHES)('find %s', (_, files, expected) => {
    expect(seeded.filter((violation) => Object.keys(files).some((file) => violation.includes(` ${file} `)))).toEqual(expected);
  });

  test('find files that are out of place, nameless or too long', () => {
    const root = soundTree('layout', {
      'lib/stray.ts': 'export const stray = 1;\n',
      'lib/util/x.ts': 'export const x = 1;\n',
      'lib/engine/index.ts': 'export * from \'./build\';\n',
      'lib/verify/helpers.ts': 'export const x = 1;\n',
      'lib/plan/long.ts': 'export {};\n'.repeat(301),
      'lib/plan/fits.ts': 'export {};\n'.repeat(300),
      'lib/ports/wrong.ts': 'export const x = 1;\nexport enum Y { Z }\n',
    });
    expect(layoutFaults(root)).toEqual([
      'lib/engine/index.ts is a barrel',
      'lib/plan/long.ts has 301 lines',
      'lib/ports/wrong.ts is of ports and holds a FirstStatement',
      'lib/ports/wrong.ts is of ports and holds a EnumDeclaration',
      'lib/stray.ts is in no room',
      'lib/util/x.ts is in no room',
      'lib/util/x.ts has a name that says nothing',
      'lib/verify/helpers.ts has a name that says nothing',
    ]);
  });
});
