import { execFileSync, spawnSync } from 'child_process';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

const ROOT = join(__dirname, '..', '..');
const APP = join(ROOT, 'test', 'cases', 'determinism', 'app.ts');
const TSX = join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs');
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];

/** All that may differ between two machines that synthesise the same app. */
interface Surroundings {
  readonly folder: string;
  readonly umask: number;
  readonly asNobody: boolean;
  readonly environment: { readonly [name: string]: string };
  /** The order in which the files are made, which is the order in which some file systems list them. */
  readonly reverse: boolean;
}

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'determinism-'));
  chmodSync(scratch, 0o777);
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** Makes the files of the app, synthesises it, and returns what lies in the assembly: path, type, executable bit and content. */
function synthesise({ folder, umask, asNobody, environment, reverse }: Surroundings): Map<string, string> {
  const cwd = join(scratch, folder);
  const home = join(cwd, 'home');
  const asUser = asNobody && canBeNobody() ? AS_NOBODY : [];
  const previous = process.umask(umask);
  try {
    mkdirSync(home, { recursive: true });
    writeFiles(cwd, reverse);
    if (asUser.length > 0) { execFileSync('chown', ['-R', '65534:65534', scratch]); }
    const [command, ...argv] = [...asUser, process.execPath, TSX, APP];
    execFileSync(command, argv, {
      cwd,
      env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, TSX_TSCONFIG_PATH: join(ROOT, 'test', 'tsconfig.json'), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
  } finally {
    process.umask(previous);
  }
  return contents(join(cwd, 'cdk.out'));
}

/** Only root can, and only where this repository is not below a folder of root's own. */
function canBeNobody(): boolean {
  return spawnSync(AS_NOBODY[0], [...AS_NOBODY.slice(1), 'test', '-r', APP]).status === 0;
}

function writeFiles(cwd: string, reverse: boolean): void {
  mkdirSync(join(cwd, 'site', 'empty'), { recursive: true });
  const files = [['site/index.html', '<h1>Hello</h1>\r\n'], ['site/Z', 'Z'], ['site/a', 'a'], ['site/ä', 'ä'], ['deploy.sh', '#!/bin/sh\nexit 0\n']];
  for (const [name, text] of reverse ? files.reverse() : files) {
    writeFileSync(join(cwd, name), text);
    utimesSync(join(cwd, name), reverse ? 0 : 1_700_000_000, reverse ? 0 : 1_600_000_000);
  }
  chmodSync(join(cwd, 'deploy.sh'), reverse ? 0o700 : 0o755);
  symlinkSync('index.html', join(cwd, 'site', 'home'));
}

function contents(root: string): Map<string, string> {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(paths.map((path) => {
    const stats = lstatSync(join(root, path));
    if (stats.isDirectory()) { return [path, 'directory']; }
    if (stats.isSymbolicLink()) { return [path, `link to ${readlinkSync(join(root, path))}`]; }
    return [path, `${stats.mode & 0o100 ? 'executable ' : ''}file ${readFileSync(join(root, path), 'latin1')}`];
  }));
}

test('two machines that differ in all they can give the same assembly, byte for byte', () => {
  const one = synthesise({
    folder: 'one',
    umask: 0o022,
    asNobody: false,
    environment: { TZ: 'Pacific/Kiritimati', LANG: 'C', LC_ALL: 'C', USER: 'root' },
    reverse: false,
  });
  const other = synthesise({
    folder: 'another folder/ünïcode',
    umask: 0o077,
    asNobody: true,
    environment: { TZ: 'America/St_Johns', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', USER: 'nobody', NODE_OPTIONS: '--max-old-space-size=1024' },
    reverse: true,
  });
  expect([...other.keys()]).toEqual([...one.keys()]);
  for (const [path, content] of one) { expect([path, other.get(path)]).toEqual([path, content]); }

  // That there was something to compare: two plans and their assets.
  expect([...one.keys()].filter((path) => path.endsWith('.golden-plan.json'))).toHaveLength(2);
  expect([...one.keys()].filter((path) => /golden-assets\/[0-9a-f]{64}$/.test(path))).toHaveLength(2);
  for (const content of one.values()) { expect(content).not.toContain(scratch); }
}, 120_000);
