import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { golden, PROJECT, type GoldenOptions, type GoldenRun } from './golden';
import { hostContext, machinePlan, TEST_HOME } from './machine-plan';
import { baseSpec } from '../../lib/hosts/sandbox/base-spec';
import { BaseStore } from '../../lib/hosts/sandbox/base-store';
import { SandboxFolder } from '../../lib/hosts/sandbox/sandbox-folder';
import { quote } from '../../lib/plan/shell';
import { output, run } from '../../lib/process';

/** What a login of Debian has on its path. */
const PATH = '/usr/local/bin:/usr/bin:/bin';

/** A user of this computer who is not root, with a home of its own, for as long as a suite runs. */
export class OrdinaryUser {
  /** @param withUsers whether it has users of its own for machines */
  static async create(name: string, { withUsers }: { readonly withUsers: boolean }): Promise<OrdinaryUser> {
    const folder = mkdtempSync(join(tmpdir(), `golden-${name}-`));
    await output(['chmod', '0711', folder]);
    await output(['useradd', '--create-home', '--home-dir', join(folder, 'home'), '--shell', '/bin/sh', '-K', 'SUB_UID_COUNT=0', '-K', 'SUB_GID_COUNT=0', name]);
    if (withUsers) { await output(['usermod', '--add-subuids', '900000000-900065535', '--add-subgids', '900000000-900065535', name]); }
    const user = new OrdinaryUser(name, folder, statSync(join(folder, 'home')).uid);
    // The clone may lie where only root gets.
    for (const file of ['golden.js', 'engine.js', 'ec2-wiring.js']) { cpSync(join(PROJECT, 'bin', file), join(folder, 'bin', file)); }
    for (const path of [user.home, user.output]) { mkdirSync(path, { recursive: true }); }
    await output(['chown', '-R', `${name}:`, join(folder, 'home')]);
    return user;
  }

  private constructor(readonly name: string, readonly folder: string, readonly uid: number) {}

  /** Its state folder. */
  get home(): string { return join(this.folder, 'home', 'state'); }

  get output(): string { return join(this.folder, 'home', 'golden.out'); }

  /** Runs the command as this user. */
  golden(args: readonly string[], options: Partial<GoldenOptions> = {}): Promise<GoldenRun> {
    return golden(args, {
      cwd: join(this.folder, 'home'),
      file: join(this.folder, 'bin', 'golden.js'),
      ...options,
      // It has no other environment of ours.
      through: [...this.through, ...Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`)],
    });
  }

  /** Gives it the base that the other suites share; what it is made of is copied, with the owners that it has for this user. */
  async shareBase(): Promise<void> {
    const spec = await baseSpec(machinePlan(), async () => undefined);
    const shared = new SandboxFolder(TEST_HOME);
    await new BaseStore(shared).prepare(spec, hostContext());
    const own = new SandboxFolder(this.home);
    const unpack = ['unshare', '--user', '--map-root-user', '--map-auto', '--', 'tar', '-xp', '--xattrs', '--xattrs-include=*', '-C', own.bases].map(quote).join(' ');
    await output([...this.through, 'mkdir', '-p', own.bases]);
    await output(['sh', '-c', `tar -c --numeric-owner --exclude='*/root/dev/*' --xattrs --xattrs-include='*' -C ${quote(shared.bases)} ${spec.id} | ${this.through.map(quote).join(' ')} ${unpack}`]);
  }

  /** What it has running. */
  processes(): string[] {
    return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).flatMap((pid) => {
      try {
        const uid = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
        const isOurs = uid === this.uid || (uid >= 900_000_000 && uid < 900_065_536);
        return isOurs ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0/g, ' ').slice(0, 120)] : [];
      } catch {
        return []; // it has ended
      }
    });
  }

  async remove(): Promise<void> {
    await run(['userdel', '--force', this.name]);
    await output(['rm', '-rf', '--', this.folder]);
  }

  private get through(): readonly string[] {
    return [
      'setpriv', `--reuid=${this.uid}`, `--regid=${this.uid}`, '--init-groups', '--reset-env', '--',
      'env', `GOLDEN_HOME=${this.home}`, `PATH=${PATH}`, 'NODE_NO_WARNINGS=1',
    ];
  }
}
