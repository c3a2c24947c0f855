import { join } from 'path';
import { App, Duration, Stack, Stage } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { AmiImage, Check, Communicator, FileSource, LocalSource, Provisioner, SecretRef, Source, SshKey } from '../../../lib/index';

// Uses whatever could carry something of this machine into a plan: files by relative path, names in several alphabets,
// times, nested assemblies, keys, outputs of other stacks. The files lie in the folder that it is started in.
const app = new App({ outdir: 'cdk.out' });
const stack = new Stack(app, 'Images');
new AmiImage(stack, 'Web', {
  source: Source.debian('12'),
  builder: {
    vpc: new ec2.Vpc(new Stack(app, 'Network'), 'Vpc', { maxAzs: 1 }),
    communicator: Communicator.ssh({ key: SshKey.file(join(process.cwd(), 'keys', 'id')) }),
  },
  userData: ec2.UserData.custom('#cloud-config\nlocale: tr_TR\n'),
  provisioners: [
    Provisioner.packages(['nginx', 'curl']),
    Provisioner.file({ source: FileSource.asset('site'), destination: '/srv' }),
    Provisioner.file({ source: FileSource.asset('deploy.sh'), destination: '/usr/local/bin/' }),
    Provisioner.file({ source: FileSource.inline('İıŞş Ää\r\n'), destination: '/etc/motd' }),
    Provisioner.shell({ script: 'deploy.sh', timeout: Duration.minutes(5), environment: { i: '1', I: '2', Z: '3', a: '4' } }),
    Provisioner.shell({ inline: ['date'], secrets: { TOKEN: SecretRef.ssm('/token') } }),
  ],
  checks: [Check.service('nginx'), Check.file('/srv/site/index.html', { mode: '0644' })],
});
new AmiImage(new Stack(new Stage(app, 'Stage'), 'Images'), 'Worker', {
  // As join(__dirname, ...) gives it.
  source: Source.amazonLinux2023({ local: LocalSource.rootTar(join(process.cwd(), 'bases', 'al2023.tar'), 'a'.repeat(64)) }),
});
app.synth();
