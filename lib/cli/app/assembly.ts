import { existsSync, readFileSync, realpathSync, statSync } from 'fs';
import { basename, dirname, join, resolve, sep } from 'path';
import { GoldenError, type Position } from '../../errors';
import { syntaxFault } from '../../plan/json-syntax';
import { PLAN_FILE_SUFFIX } from '../../plan/model';

/** A plan's file in a cloud assembly, not yet held against the schema. */
export interface PlanFile {
  readonly path: string;
  readonly text: string;
  /** Construct path of the image; the name of the file where the text is too broken to say. */
  readonly image: string;
}

/** No app has as much to say. */
const LARGEST_BYTES = 128 << 20;

interface Manifest {
  readonly artifacts?: { readonly [id: string]: ManifestArtifact };
}

interface ManifestArtifact {
  readonly type?: string;
  readonly properties?: { readonly file?: unknown; readonly directoryName?: unknown };
}

/** The plans of an assembly and of those nested in it, sorted by image. Everything has to lie inside the assembly's folder. */
export function readAssembly(folder: string): PlanFile[] {
  const root = existing(folder);
  return plansIn(root, { root, seen: new Set() }).sort((a, b) => (a.image < b.image ? -1 : 1));
}

/** The plan in a file of an assembly. */
export function planFileIn(assembly: string, path: string): PlanFile {
  return readPlan(inside(existing(assembly), resolve(path), join(assembly, 'manifest.json')));
}

/** The assembly that a file lies in and that is nested in no other. */
export function outermostAssembly(file: string): string {
  let folder = dirname(existing(file));
  for (let outer = dirname(folder); nests(outer, basename(folder)); outer = dirname(folder)) { folder = outer; }
  return folder;
}

function nests(folder: string, name: string): boolean {
  if (!existsSync(join(folder, 'manifest.json'))) { return false; }
  return artifactsOf(join(folder, 'manifest.json'), folder).some(({ type, properties }) => type === 'cdk:cloud-assembly' && properties?.directoryName === name);
}

interface Walk {
  readonly root: string;
  /** Assemblies that were read: one may name itself, or another one twice. */
  readonly seen: Set<string>;
}

function plansIn(folder: string, walk: Walk): PlanFile[] {
  if (walk.seen.has(folder)) { return []; }
  walk.seen.add(folder);
  const file = join(folder, 'manifest.json');
  return artifactsOf(file, folder).flatMap(({ type, properties }) => {
    if (type === 'cdk:cloud-assembly' && typeof properties?.directoryName === 'string') {
      return plansIn(inside(walk.root, join(folder, properties.directoryName), file), walk);
    }
    if (type === 'none' && typeof properties?.file === 'string' && properties.file.endsWith(PLAN_FILE_SUFFIX)) {
      return [readPlan(inside(walk.root, join(folder, properties.file), file))];
    }
    return [];
  });
}

/** What is no object is of no kind that concerns us. */
function artifactsOf(file: string, folder: string): ManifestArtifact[] {
  return Object.values(readManifest(file, folder).artifacts ?? {}).filter((artifact) => typeof artifact === 'object' && artifact !== null);
}

function readManifest(file: string, folder: string): Manifest {
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    if (GoldenError.is(error)) { throw error; }
    throw new GoldenError('no-assembly', `${folder} is not a cloud assembly: it has no manifest.json that can be read`, {
      kind: 'invalid', hint: 'The app has to call app.synth(), or be run by a CDK that does.', cause: error,
    });
  }
  let why = 'an object is needed';
  let position: Position | undefined = { file, line: 1, column: 1 };
  try {
    const manifest: unknown = JSON.parse(text);
    if (typeof manifest === 'object' && manifest !== null) { return manifest; }
  } catch {
    ({ message: why, position } = syntaxFault(text, file));
  }
  throw new GoldenError('invalid-json', `Not a manifest of a cloud assembly: ${why}`, { kind: 'invalid', hint: 'Synthesise the app again.', position });
}

function readPlan(path: string): PlanFile {
  const text = readText(path);
  return { path, text, image: imageOf(text) ?? basename(path, PLAN_FILE_SUFFIX) };
}

/** The text of a file of an assembly, and of nothing else: a pipe would be waited for, and a device has no end. Errors: `unreadable-file`. */
export function readText(path: string): string {
  const stats = statSync(path);
  const why = stats.isDirectory() ? 'it is a folder' : !stats.isFile() ? 'it is no file' : stats.size > LARGEST_BYTES ? `it has ${stats.size} bytes` : undefined;
  if (why !== undefined) {
    throw new GoldenError('unreadable-file', `It cannot be read: ${why}`, { kind: 'invalid', hint: 'Synthesise the app again.', position: { file: path } });
  }
  return readFileSync(path, 'utf8');
}

function imageOf(text: string): string | undefined {
  try {
    const { image } = JSON.parse(text) as { readonly image?: unknown };
    return typeof image === 'string' ? image : undefined;
  } catch {
    return undefined;
  }
}

/** Follows links, and refuses what leads out of the assembly: a plan decides what runs as root. */
function inside(root: string, path: string, manifest: string): string {
  const real = existing(path, { position: { file: manifest } });
  if (real.startsWith(`${root}${sep}`)) { return real; }
  throw new GoldenError('outside-assembly', `${path} leads out of the assembly, to ${real}`, {
    kind: 'invalid', hint: 'Plans have to lie inside the folder of the assembly. Synthesise the app again.', position: { file: manifest },
  });
}

function existing(path: string, where: { readonly position?: Position } = {}): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw new GoldenError('missing-file', `${path} does not exist`, { kind: 'invalid', hint: 'Synthesise the app again.', ...where, cause: error });
  }
}
