import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { AmiImage, FileSource, Provisioner, Source } from '../../lib/index';

/** What the benchmarks build, by name; `golden` runs this file as its app. */
const apps: { readonly [name: string]: () => void } = {
  'one-shell': () => shells(1),
  'fifty-shells': () => shells(50),
  'files': () => {
    image({ provisioners: [Provisioner.file({ source: FileSource.asset(process.env.BENCH_FILES!), destination: '/opt/files' })] });
  },
  'last-changed': () => {
    image({
      provisioners: [
        Provisioner.shell({ inline: ['sleep 6', 'echo slow'] }),
        Provisioner.shell({ inline: [`echo ${process.env.BENCH_LAST}`] }),
      ],
    });
  },
};

function shells(count: number): void {
  image({ provisioners: Array.from({ length: count }, (_, i) => Provisioner.shell({ inline: [`echo ${i} of ${count}`] })) });
}

function image(props: Omit<ConstructorParameters<typeof AmiImage>[2], 'source'>): void {
  new AmiImage(new Stack(new App(), 'Bench'), 'Image', { source: Source.debian('12'), ...props });
}

/** Seconds that the synthesis of so many constructs takes in this process, after a first small one. */
export function synthesisSeconds(kind: 'images' | 'instances', count: number): number {
  const synthesise = (n: number) => {
    const app = new App({ outdir: undefined });
    // A template holds 500 resources at the most.
    for (let s = 0; s * 100 < n; s++) {
      const stack = new Stack(app, `Stack${s}`, { env: { account: '123456789012', region: 'eu-west-1' } });
      const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'] });
      for (let i = 0; i < Math.min(100, n - s * 100); i++) {
        if (kind === 'images') {
          new AmiImage(stack, `Image${i}`, { source: Source.debian('12'), provisioners: [Provisioner.shell({ inline: [`echo ${s} ${i}`] })] });
        } else {
          new ec2.Instance(stack, `Instance${i}`, {
            vpc, instanceType: new ec2.InstanceType('m7g.large'), machineImage: ec2.MachineImage.genericLinux({ 'eu-west-1': 'ami-12345678' }),
          });
        }
      }
    }
    app.synth();
  };
  synthesise(1);
  const started = process.hrtime.bigint();
  synthesise(count);
  return Number(process.hrtime.bigint() - started) / 1e9;
}

if (require.main === module) { apps[process.env.BENCH_APP!](); }
