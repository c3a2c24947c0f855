import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { App, Size, Stack } from 'aws-cdk-lib';
import { PROJECT } from './golden';
import { AmiImage, Check, FileSource, LocalSource, ParameterRef, Provisioner, SecretRef, Source } from '../../lib';
import { PLAN_FILE_SUFFIX, type Plan } from '../../lib/plan/model';

/** What says on the disk and to the outside that an instruction begins or ends. */
const SAY = `#!/bin/sh
set -e
echo "$*" >> /srv/said
cd /var/tmp
set -- golden-* "$@"
curl -fsS --max-time 20 --data "$2 $3" "$WITNESS/$1"
`;

/** The instructions that say something, in their order. */
const NAMES = ['one', 'two', 'three', 'four', 'five'];

/** All that the disk of a finished machine has to say, and each machine at the most. */
export const WORDS: readonly string[] = NAMES.flatMap((name) => [`begin ${name}`, `end ${name}`]);

/** How many of them the first instructions of the plan say. */
export function wordsOf(assembly: string, instructions: number): number {
  const name = readdirSync(assembly).find((one) => one.endsWith(PLAN_FILE_SUFFIX))!;
  const { definition } = JSON.parse(readFileSync(join(assembly, name), 'utf8')) as Plan;
  return 2 * definition.instructions.slice(0, instructions).filter((one) => one.type === 'run' && 'text' in one.script && one.script.text.includes('say begin')).length;
}

/** The environment that the values of the plan are read from. */
export function killEnvironment(witness: string): NodeJS.ProcessEnv {
  return { KILL_WITNESS: witness, KILL_TOKEN: 's3cr3t+"%Token' };
}

/** Writes an assembly of one image: the site of an example in small, whose instructions say when they run. */
export function killAssembly(folder: string, source: { readonly location: string; readonly sha256: string }): string {
  const outdir = join(folder, 'cdk.out');
  const app = new App({ outdir });
  const example = (name: string) => FileSource.asset(join(PROJECT, 'examples', 'web-server', name));
  const parameters = { WITNESS: ParameterRef.environment('KILL_WITNESS') };
  const [one, two, three, four, five] = NAMES.map((name) => (...inline: string[]) => Provisioner.shell({
    inline: [`say begin ${name}`, ...inline, 'sleep 0.2', `say end ${name}`],
    parameters,
    ...name === 'one' ? { secrets: { TOKEN: SecretRef.environment('KILL_TOKEN') } } : {},
  }));
  new AmiImage(new Stack(app, 'Kill'), 'Image', {
    source: Source.local(LocalSource.rootTar(source.location, source.sha256)),
    // As small as it may be: disks are written by the dozen.
    rootVolumeSize: Size.mebibytes(400),
    provisioners: [
      Provisioner.file({ source: FileSource.inline(SAY), destination: '/usr/local/bin/say', mode: '0755' }),
      one('printf %s "$TOKEN" | sha256sum > /srv/token'),
      two(),
      Provisioner.checkpoint(),
      Provisioner.file({ source: example('write-status'), destination: '/usr/local/bin/write-status', mode: '0755' }),
      Provisioner.service('site-status', { unit: example('site-status.service'), enable: true, start: true }),
      three(),
      Provisioner.reboot(),
      four('systemctl is-active site-status'),
      Provisioner.checkNow(Check.file('/srv/said', { exists: true })),
      five(),
    ],
    checks: [Check.service('site-status', { enabled: true, running: true }), Check.command('cat /srv/said', { exitStatus: 0, stdout: WORDS.map(String) })],
  });
  app.synth();
  return outdir;
}
