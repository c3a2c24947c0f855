import { existsSync, readFileSync, realpathSync } from 'fs';
import { basename, dirname, join, resolve, sep } from 'path';
import { GoldenError, type Position } from '../../errors';
import { PLAN_FILE_SUFFIX } from '../../plan/model';

/** A plan's file in a cloud assembly, not yet held against the schema. */
export interface PlanFile {
  readonly path: string;
  readonly text: string;
  /** Construct path of the image; the name of the file where the text is too broken to say. */
  readonly image: string;
}

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
  return plansIn(root, root).sort((a, b) => (a.image < b.image ? -1 : 1));
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
  const { artifacts = {} } = readManifest(join(folder, 'manifest.json'), folder);
  return Object.values(artifacts).some(({ type, properties }) => type === 'cdk:cloud-assembly' && properties?.directoryName === name);
}

function plansIn(folder: string, root: string): PlanFile[] {
  const file = join(folder, 'manifest.json');
  const artifacts = Object.values(readManifest(file, folder).artifacts ?? {});
  return artifacts.flatMap(({ type, properties }) => {
    if (type === 'cdk:cloud-assembly' && typeof properties?.directoryName === 'string') {
      return plansIn(inside(root, join(folder, properties.directoryName), file), root);
    }
    if (type === 'none' && typeof properties?.file === 'string' && properties.file.endsWith(PLAN_FILE_SUFFIX)) {
      return [readPlan(inside(root, join(folder, properties.file), file))];
    }
    return [];
  });
}

function readManifest(file: string, folder: string): Manifest {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new GoldenError('no-assembly', `${folder} is not a cloud assembly: it has no manifest.json that can be read`, {
      kind: 'invalid', hint: 'The app has to call app.synth(), or be run by a CDK that does.', cause: error,
    });
  }
  try {
    const manifest: unknown = JSON.parse(text);
    if (typeof manifest === 'object' && manifest !== null) { return manifest; }
  } catch { /* said below */ }
  throw new GoldenError('invalid-json', 'Not a manifest of a cloud assembly', {
    kind: 'invalid', hint: 'Synthesise the app again.', position: { file },
  });
}

function readPlan(path: string): PlanFile {
  const text = readFileSync(path, 'utf8');
  return { path, text, image: imageOf(text) ?? basename(path, PLAN_FILE_SUFFIX) };
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
