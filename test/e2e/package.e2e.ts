import { execFileSync, spawnSync } from 'child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { rooms } from '../architecture/rooms';

const ROOT = join(__dirname, '..', '..');

/** What is packed is what was compiled: `npx projen compile && npx projen post-compile`. */
const COMPILED = ['lib/index.js', 'lib/assertions/image-plan.js', 'lib/testing/test-machine.js', 'bin/golden.js', 'bin/engine.js', 'bin/ec2-wiring.js', '.jsii'];

/** The oldest CDK that is supported, and the one of today. */
const CDKS = [
  { cdk: '2.189.1', constructs: '10.5.1' },
  { cdk: '2.276.0', constructs: '^10.8.1' },
];

const APP = `
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { AmiImage, Check, FileSource, Provisioner, Source } from 'cdk-golden-image';

export const app = new App({ outdir: 'cdk.out' });
export const stack = new Stack(app, 'Images');
export const image = new AmiImage(stack, 'Web', {
  source: Source.debian('12'),
  provisioners: [
    Provisioner.packages(['nginx']),
    Provisioner.file({ source: FileSource.inline('hello'), destination: '/etc/motd', mode: '0644' }),
    Provisioner.shell({ inline: ['nginx -t'], timeout: Duration.minutes(1) }),
  ],
  checks: [Check.service('nginx')],
});
new ec2.LaunchTemplate(stack, 'Template', { machineImage: image });
if (require.main === module) { app.synth(); }
`;

/** A type as jsii writes it down. */
interface PublicType {
  readonly kind: string;
  readonly datatype?: boolean;
  readonly docs?: { readonly summary?: string };
  readonly properties?: readonly PublicMember[];
  readonly methods?: readonly PublicMember[];
}

interface PublicMember {
  readonly name: string;
  readonly optional?: boolean;
  readonly docs?: { readonly summary?: string; readonly default?: string };
}

/** A stack with nothing but an image, or, to see that somebody looks, with nothing at all. */
const IMAGES_ONLY = `
import { App, Stack } from 'aws-cdk-lib';
import { AmiImage, Source } from 'cdk-golden-image';

const [, , outdir, what] = process.argv;
const app = new App({ outdir, context: { '@aws-cdk/core:validateAgainstDefaultRules': true } });
const stack = new Stack(app, 'Images');
if (what === 'image') { new AmiImage(stack, 'Web', { source: Source.debian('12') }); }
app.synth();
`;

const UNIT_TEST = `
import { Capture, Match, Template } from 'aws-cdk-lib/assertions';
import { assertions } from 'cdk-golden-image';
import { ImagePlan } from 'cdk-golden-image/assertions';
import { image, stack } from './app';

const plan = ImagePlan.fromStack(stack);
const mode = new Capture();
plan.hasInstruction('put', { destination: '/etc/motd', mode, content: { text: Match.stringLikeRegexp('^hel') } });
plan.hasInstructionsInOrder([{ type: 'put', destination: '/etc/motd' }, { type: 'run', timeoutSeconds: 60 }]);
plan.hasCheck('service', 'nginx', { running: true });
let failure = '';
try { plan.hasInstruction('put', { destination: '/etc/issue' }); } catch (error) { failure = (error as Error).message; }
Template.fromStack(stack).resourceCountIs('AWS::EC2::LaunchTemplate', 1);
console.log(JSON.stringify({
  mode: mode.asString(), failure, same: assertions.ImagePlan === ImagePlan, hash: plan.definitionHash === image.definitionHash,
}));
`;

/** A test of an image on a machine, as a user has it: what is installed, and nothing of this repository. */
const MACHINE_TEST = `
import { App, Stack } from 'aws-cdk-lib';
import { AmiImage, Check, FileSource, Provisioner, Source } from 'cdk-golden-image';
import { TestMachine, type MachineFile, type TestMachineOptions } from 'cdk-golden-image/testing';

const image = new AmiImage(new Stack(new App(), 'Images'), 'Greeting', {
  source: Source.debian('12'),
  provisioners: [Provisioner.file({ source: FileSource.inline('hello'), destination: '/etc/motd', mode: '0640' })],
});
const options: TestMachineOptions = { output: 'golden.out' };
async function main(): Promise<void> {
  const machine = await TestMachine.build(image, options);
  const file: MachineFile = await machine.file('/etc/motd');
  const { exitCode } = await machine.run('cat /etc/motd', { user: 'nobody' });
  await machine.check(Check.file('/etc/motd', { contents: ['hello'] }), { type: 'file', resource: '/etc/motd', attributes: { exists: true, owner: 'root' } });
  await machine.stop();
  console.log(JSON.stringify({ mode: file.mode, text: file.text, exitCode }));
}
void main();
`;

/** State folder that all suites on real machines share, so that the base is built once. */
const HOME = process.env.GOLDEN_TEST_HOME ?? join(tmpdir(), 'golden-test-home');

let scratch: string;
let tarball: string;

beforeAll(() => {
  const missing = COMPILED.filter((file) => !existsSync(join(ROOT, file)));
  if (missing.length > 0) { throw new Error(`${missing.join(', ')}: not compiled. Run npx projen compile && npx projen post-compile`); }
  scratch = mkdtempSync(join(tmpdir(), 'package-'));
  const packed = run(ROOT, 'npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', scratch);
  tarball = join(scratch, (JSON.parse(packed) as { filename: string }[])[0].filename);
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function run(cwd: string, command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd, timeout: 300_000, maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

function publicTypes(): { [name: string]: PublicType } {
  return (JSON.parse(readFileSync(join(ROOT, '.jsii'), 'utf8')) as { types: { [name: string]: PublicType } }).types;
}

describe('the tarball', () => {
  let files: string[];

  beforeAll(() => {
    files = run(scratch, 'tar', '-tzf', tarball).split('\n').filter((file) => file).map((file) => file.replace(/^package\//, ''));
  });

  test('has the declaring half, its types, the command, and what jsii needs', () => {
    expect(files).toEqual(expect.arrayContaining([
      'lib/index.js', 'lib/index.d.ts', 'lib/assertions/image-plan.js', 'lib/assertions/image-plan.d.ts', 'lib/plan/plan.schema.json',
      'lib/testing/test-machine.js', 'lib/testing/test-machine.d.ts',
      'bin/golden.js', 'bin/engine.js', 'bin/ec2-wiring.js', 'package.json', 'README.md', 'LICENSE', '.jsii',
    ]));
  });

  test('has none of the building half but the command and what EC2 adds to it, a file each', () => {
    const building = rooms.filter(({ half }) => half === 'building').map(({ name }) => `lib/${name}/`);
    expect(files.filter((file) => building.some((room) => file.startsWith(room)))).toEqual([]);
    expect(files.filter((file) => file.startsWith('bin/')).sort()).toEqual(['bin/THIRD-PARTY-NOTICES', 'bin/ec2-wiring.js', 'bin/engine.js', 'bin/golden.js']);
  });

  test('keeps the licences of what is bundled with it', () => {
    const notices = run(scratch, 'tar', '-xzOf', tarball, 'package/bin/THIRD-PARTY-NOTICES');
    expect([...notices.matchAll(/^(\S+) \d+\.\d+\.\d+$/gm)].map(([, name]) => name))
      .toEqual(expect.arrayContaining(['ajv', 'commander', 're2js', 'semver', 'ssh2', 'tar-stream']));
    expect(notices).toContain('Copyright (c) Isaac Z. Schlueter and Contributors');
  });

  test('has no sources, tests, examples or settings', () => {
    const own = files.filter((file) => !file.startsWith('node_modules/'));
    expect(own.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
    const known = ['.jsii', '.warnings.jsii.js', 'API.md', 'LICENSE', 'README.md', 'bin', 'docs', 'lib', 'package.json', 'rosetta'];
    expect(own.filter((file) => !known.includes(file.split('/')[0]))).toEqual([]);
  });

  test('describes every public type, member and default', () => {
    const types = publicTypes();
    const missing = Object.entries(types).flatMap(([name, type]) => {
      const members = [...type.properties ?? [], ...type.methods ?? []];
      const undefaulted = type.datatype ? members.filter(({ optional, docs }) => optional && !docs?.default) : [];
      return [...(type.docs?.summary ? [] : [name]), ...[...members.filter(({ docs }) => !docs?.summary), ...undefaulted].map((member) => `${name}.${member.name}`)];
    });
    expect(missing).toEqual([]);
    expect(Object.keys(types).length).toBeGreaterThan(40);
  });

  test('shows other languages nothing of the tests on machines, which are for TypeScript', () => {
    expect(JSON.stringify(publicTypes())).toContain('lib/assertions/');
    expect(JSON.stringify(publicTypes())).not.toContain('lib/testing/');
  });

  test('names interfaces that users implement with an I, and those of plain data without', () => {
    const types = publicTypes();
    const interfaces = Object.entries(types).filter(([, { kind }]) => kind === 'interface').map(([name, { datatype }]) => [name.replace(/^.*\./, ''), datatype ?? false]);
    expect(interfaces.filter(([, datatype]) => !datatype).map(([name]) => name).sort()).toEqual(['IBaseImage', 'IProvisioner']);
  });

  test('is small', () => {
    expect(readFileSync(tarball).length).toBeLessThan(3_000_000);
  });
});

describe.each(CDKS)('an empty project with aws-cdk-lib $cdk', ({ cdk, constructs }) => {
  let project: string;

  beforeAll(() => {
    project = join(scratch, `with-${cdk}`);
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', version: '1.0.0', private: true }));
    run(project, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', tarball, `aws-cdk-lib@${cdk}`, `constructs@${constructs}`);
    writeFileSync(join(project, 'app.ts'), APP);
    writeFileSync(join(project, 'images-only.ts'), IMAGES_ONLY);
    writeFileSync(join(project, 'app.unit.ts'), UNIT_TEST);
    writeFileSync(join(project, 'app.machine.ts'), MACHINE_TEST);
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules', '@types')];
    run(project, process.execPath, join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '--strict', '--skipLibCheck', '--target', 'es2022',
      '--module', 'node16', '--moduleResolution', 'node16', ...types, 'app.ts', 'app.unit.ts', 'app.machine.ts', 'images-only.ts');
  }, 300_000);

  test('gets neither the AWS SDK nor ssh2, nor anything else it did not ask for', () => {
    const modules = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(modules.filter((name) => !name.startsWith('@'))).toEqual(['aws-cdk-lib', 'cdk-golden-image', 'constructs']);
    const all = run(project, 'find', 'node_modules', '-type', 'd', '-path', '*/node_modules/*');
    expect(all).not.toMatch(/node_modules\/(ssh2|@aws-sdk|@smithy|cpu-features)$/m);
  });

  test('synthesises an image, with a template that reads its ID', () => {
    run(project, process.execPath, 'app.js');
    const files = readdirSync(join(project, 'cdk.out'));
    const [planFile] = files.filter((file) => file.endsWith('.golden-plan.json'));
    const plan = JSON.parse(readFileSync(join(project, 'cdk.out', planFile), 'utf8')) as { version: number; image: string; definitionHash: string };
    expect(plan).toMatchObject({ version: 1, image: 'Images/Web' });
    const template = readFileSync(join(project, 'cdk.out', 'Images.template.json'), 'utf8');
    expect(template).toContain(`/golden/images/${plan.definitionHash}`);
  });

  test('synthesises a stack with nothing but an image without an error or a warning', () => {
    const synthesise = (what: string) => {
      const outdir = `cdk.out.${what}`;
      const { status, stdout, stderr } = spawnSync(process.execPath, ['images-only.js', outdir, what], { cwd: project, timeout: 60_000, encoding: 'utf8' });
      const assembly = readdirSync(join(project, outdir)).filter((file) => file.endsWith('.json'));
      const said = assembly.map((file) => readFileSync(join(project, outdir, file), 'utf8')).filter((text) => /aws:cdk:(warning|error)|F0001/.test(text));
      return { status, output: `${stdout}${stderr}`, said };
    };
    expect(synthesise('image')).toEqual({ status: 0, output: '', said: [] });
    // The CDK of today refuses a stack without resources; the oldest says nothing.
    const { status, output } = synthesise('nothing');
    expect({ refused: status !== 0, output }).toEqual(cdk === CDKS[0].cdk ? { refused: false, output: '' } : { refused: true, output: expect.stringContaining('F0001') });
  });

  test('unit-tests it with the matchers of its own CDK', () => {
    expect(JSON.parse(run(project, process.execPath, 'app.unit.js'))).toEqual({
      mode: '0644',
      failure: expect.stringContaining('!! Expected /etc/issue but received /etc/motd'),
      same: true,
      hash: true,
    });
  });

  test('tests it on a machine', () => {
    const said = execFileSync(process.execPath, ['app.machine.js'], { cwd: project, timeout: 300_000, env: { ...process.env, GOLDEN_HOME: HOME } });
    expect(JSON.parse(said.toString())).toEqual({ mode: '0640', text: 'hello', exitCode: 1 });
  });

  test('has the command golden, which reads the plan', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(run(project, 'npx', '--no-install', 'golden', '--version')).toBe(`${version}\n`);
    expect(run(project, 'npx', '--no-install', 'golden', 'validate', '--app', 'node app.js')).toContain('Images/Web');
  });
});
