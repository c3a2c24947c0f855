import { existsSync } from 'fs';
import { mkdir, rename } from 'fs/promises';
import { join } from 'path';
import { cloudBase } from './cloud-base';
import type { CloudSystem } from './machine-provider';
import { SYSTEM_RECIPE_VERSION, systemRecipe } from './system-recipe';
import { removeFolder } from '../../../../lib/hosts/sandbox/folder-removal';
import { draftName } from '../../../../lib/hosts/sandbox/owner';
import { digestOf } from '../../../../lib/plan/canonical-json';
import { output } from '../../../../lib/process';
import { TEST_HOME } from '../../machine-plan';

/** Who logs in to the images of a system. */
const LOGIN_USERS: { readonly [system in CloudSystem]: string } = {
  'debian-12': 'admin', 'ubuntu-24.04': 'ubuntu', 'ubuntu-16.04': 'ubuntu', 'other': 'ec2-user',
};

const underWay = new Map<string, Promise<readonly string[]>>();

/** The lower folders of a public image's disk, the nearest first. Made once, and cached with the bases of the sandbox. */
export function systemLowers(system: CloudSystem): Promise<readonly string[]> {
  const loginUser = LOGIN_USERS[system];
  const known = underWay.get(loginUser);
  if (known) { return known; }
  const made = makeSystem(loginUser);
  underWay.set(loginUser, made);
  made.catch(() => underWay.delete(loginUser));
  return made;
}

async function makeSystem(loginUser: string): Promise<readonly string[]> {
  const base = await cloudBase();
  const recipe = systemRecipe(loginUser);
  const folder = join(TEST_HOME, 'cloud', 'systems');
  const final = join(folder, digestOf({ base, recipe, version: SYSTEM_RECIPE_VERSION }).slice(0, 16));
  if (!existsSync(final)) {
    const draft = join(folder, draftName());
    for (const name of ['upper', 'work', 'root']) { await mkdir(join(draft, name), { recursive: true }); }
    try {
      await output(['unshare', '--mount', '--pid', '--fork', '--kill-child', '--', 'sh', '-ec', IN_MERGED_DISK, 'sh', draft, base], { stdin: recipe, timeoutMs: 60_000 });
      await removeFolder(join(draft, 'work'));
      await rename(draft, final).catch(() => { if (!existsSync(final)) { throw new Error(`${final} could not be made`); } });
    } finally {
      await removeFolder(draft);
    }
  }
  return [join(final, 'upper'), base];
}

const IN_MERGED_DISK = `
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work,redirect_dir=on,metacopy=off,index=off" "$1/root"
exec chroot "$1/root" /bin/sh
`;
