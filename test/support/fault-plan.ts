import { readdirSync, writeFileSync } from 'fs';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { AmiImage, Check, Communicator, FileSource, Provisioner, Source } from '../../lib';

/** As the emulated cloud has it. */
export const FAULT_ACCOUNT = { account: '123456789012', region: 'us-east-2', otherRegion: 'us-west-2' };

/** An image with as much as can go wrong, and as little as takes time. Returns the path of its plan. */
export function faultPlan(folder: string, kind: 'ssm' | 'ssh', account: { readonly account: string; readonly region: string; readonly otherRegion: string }): string {
  const { account: id, region, otherRegion } = account;
  const outdir = join(folder, `cdk.out.${kind}`);
  const content = join(folder, 'content');
  writeFileSync(content, 'hello\n');
  const app = new App({ outdir });
  const stack = new Stack(app, `Fault${kind}`, { env: { account: id, region } });
  new AmiImage(stack, 'Image', {
    source: Source.ubuntu('24.04'),
    provisioners: [
      Provisioner.file({ source: FileSource.asset(content), destination: '/etc/golden-fault' }),
      Provisioner.shell({ inline: ['echo ran >> /root/runs'] }),
    ],
    checks: [Check.file('/etc/golden-fault', { contents: ['hello'] }), Check.command('cat /root/runs', { exitStatus: 0, stdout: ['/^ran$/'] })],
    distribution: { regions: [otherRegion] },
    builder: { communicator: kind === 'ssm' ? Communicator.ssm() : Communicator.ssh() },
  });
  app.synth();
  const name = readdirSync(outdir).find((one) => one.endsWith('.golden-plan.json'));
  if (!name) { throw new Error(`There is no plan in ${outdir}: ${readdirSync(outdir).join(' ')}`); }
  return join(outdir, name);
}
