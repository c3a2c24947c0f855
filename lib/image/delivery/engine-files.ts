import { constants, copyFileSync, existsSync, mkdirSync, realpathSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { basename, dirname, join } from 'path';
import type { IConstruct } from 'constructs';
import { GoldenError } from '../../errors';

/** The folder of an assembly that holds the engine and the logs of its builds. */
export const ENGINE_FOLDER = 'golden';

const BUNDLE = join(__dirname, '..', '..', '..', 'bin');
const FILES = ['golden.js', 'engine.js', 'ec2-wiring.js'];

/** Assemblies that have got the engine, by the root of their tree. */
const served = new WeakMap<IConstruct, Set<string>>();

/** Paths of the files that the engine consists of. Throws where the package was not built. */
export function engineFiles(folder = BUNDLE): string[] {
  return FILES.map((name) => join(folder, name)).map((path) => (existsSync(path) ? path : missing(path)));
}

/** Puts the engine into an assembly, once for all images of a tree. */
export function copyEngine(assembly: string, image: IConstruct): void {
  const folder = join(assembly, ENGINE_FOLDER);
  const { root } = image.node;
  const done = served.get(root) ?? new Set();
  served.set(root, done);
  if (done.has(folder) && existsSync(join(folder, FILES[0]))) { return; }
  const sources = engineFiles();
  mkdirSync(folder, { recursive: true });
  if (isForTests(assembly)) {
    writeFileSync(join(folder, FILES[0]), `require(${JSON.stringify(sources[0])});\n`);
  } else {
    sources.forEach((source, i) => copyFileSync(source, join(folder, FILES[i]), constants.COPYFILE_FICLONE));
  }
  done.add(folder);
}

/** An app that is given no folder gets one that nobody removes. Unit tests make thousands of them, and the engine has megabytes. */
function isForTests(assembly: string): boolean {
  return /^cdk(-test-app-|\.out)[A-Za-z0-9]{6}$/.test(basename(assembly)) && realpathSync(dirname(assembly)) === realpathSync(tmpdir());
}

function missing(path: string): never {
  throw new GoldenError('no-engine', `${path} does not exist, which builds the images of the app`, {
    kind: 'environment',
    hint: 'Install the package again. In a checkout of its repository: npx projen bundle:golden.',
  });
}
