import { execFileSync } from 'child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join, resolve } from 'path';
import { output, run } from '../../lib/process';
import { awsCli } from '../support/aws-cli';
import { startCloud, type Cloud } from '../support/cloud/cloud';
import { createMachineProvider } from '../support/cloud/machines/create-machine-provider';
import { createSsmService } from '../support/cloud/ssm/create-ssm-service';
import { goArchive } from '../support/go-archive';
import { realGoss } from '../support/goss';

const EXAMPLE = resolve(__dirname, '../../examples/go-agent');

let cloud: Cloud;

beforeAll(async () => {
  cloud = await startCloud({ machines: createMachineProvider('booted'), ssm: createSsmService });
});
afterAll(() => cloud.stop());
afterEach(() => cloud.reset());

describe('the AWS CLI', () => {
  let aws: (...words: string[]) => Promise<unknown>;
  let refused: (...words: string[]) => Promise<string>;

  beforeAll(async () => {
    const cli = await awsCli();
    const environment = { ...process.env, ...cli.environment, ...cloud.environment, AWS_PAGER: '', AWS_MAX_ATTEMPTS: '1' };
    const call = (words: string[]) => run([...cli.argv, '--output', 'json', ...words], { env: environment, timeoutMs: 120_000 });
    aws = async (...words) => {
      const { exitCode, stdout, stderr } = await call(words);
      if (exitCode !== 0) { throw new Error(`${words.join(' ')}: ${stderr}`); }
      return JSON.parse(stdout.toString() || 'null') as unknown;
    };
    refused = async (...words) => (await call(words)).stderr.toString();
  }, 300_000);

  test('finds, launches, tags, stops and terminates as it does on AWS', async () => {
    const { Images } = await aws('ec2', 'describe-images', '--owners', '136693071363', '--filters', 'Name=name,Values=debian-12-*') as { Images: { ImageId: string }[] };
    const { Instances: [{ InstanceId: id }] } = await aws(
      'ec2', 'run-instances', '--image-id', Images[0].ImageId, '--instance-type', 't3.micro', '--client-token', 'one',
      '--tag-specifications', 'ResourceType=instance,Tags=[{Key=golden:build,Value=b1}]',
      '--block-device-mappings', 'DeviceName=/dev/xvda,Ebs={VolumeSize=20,VolumeType=gp3}',
    ) as { Instances: { InstanceId: string }[] };
    await aws('ec2', 'wait', 'instance-running', '--instance-ids', id);
    expect(await aws('ec2', 'describe-instances', '--filters', 'Name=tag:golden:build,Values=b1', '--query', 'Reservations[].Instances[].InstanceId')).toEqual([id]);
    expect(await aws('ec2', 'describe-volumes', '--query', 'Volumes[].[Size,VolumeType]')).toEqual([[20, 'gp3']]);
    const { ImageId } = await aws('ec2', 'create-image', '--instance-id', id, '--name', 'web 0123456789abcdef', '--no-reboot') as { ImageId: string };
    await aws('ec2', 'wait', 'image-available', '--image-ids', ImageId);
    await aws('ssm', 'put-parameter', '--name', '/golden/web', '--type', 'String', '--data-type', 'aws:ec2:image', '--value', ImageId);
    expect(await aws('ssm', 'get-parameter', '--name', '/golden/web', '--query', 'Parameter.Value')).toBe(ImageId);
    const copy = await aws('ec2', 'copy-image', '--region', 'eu-west-1', '--source-region', cloud.region, '--source-image-id', ImageId, '--name', 'web') as { ImageId: string };
    await aws('ec2', 'wait', 'image-available', '--region', 'eu-west-1', '--image-ids', copy.ImageId);
    expect(await refused('ec2', 'create-image', '--instance-id', id, '--name', 'web 0123456789abcdef')).toContain('InvalidAMIName.Duplicate');
    expect(await refused('ec2', 'run-instances', '--image-id', ImageId, '--instance-type', 't9.huge')).toContain('InvalidParameterValue');
    expect(await refused('ec2', 'create-nat-gateway', '--subnet-id', 'subnet-1')).toContain('InvalidAction');
    await aws('ec2', 'terminate-instances', '--instance-ids', id);
    await aws('ec2', 'wait', 'instance-terminated', '--instance-ids', id);
    expect((await cloud.resources()).instances).toEqual([]);
    expect(await aws('sts', 'get-caller-identity', '--query', 'Account')).toBe(cloud.account);
  }, 300_000);
});

const packer = packerProgram();
(packer ? describe : describe.skip)(packer ? 'Packer' : 'Packer (skipped: it is not installed, and newer distributions have no package of it)', () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'golden-packer-'));
    await fill(folder);
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('builds the image of the book\'s chapter, and leaves nothing else behind', async () => {
    writeFileSync(join(folder, 'amazon.ubuntu.pkr.hcl'), template(cloud.endpoint));
    const { exitCode, stdout, stderr } = await run([packer!, 'build', '-color=false', 'amazon.ubuntu.pkr.hcl'], {
      cwd: folder,
      timeoutMs: 280_000,
      // The default is 15 s for each wait.
      env: { ...process.env, ...cloud.environment, AWS_POLL_DELAY_SECONDS: '1', CHECKPOINT_DISABLE: '1', PACKER_CACHE_DIR: join(folder, 'cache') },
    });
    expect(`${exitCode} ${stdout}${stderr}`).toMatch(/^0 [\s\S]*us-east-2: ami-[0-9a-f]{17}/);
    const { images, snapshots, ...others } = await cloud.resources();
    expect(images).toMatchObject([{ name: 'ubuntu-amd64', state: 'available' }]);
    expect(snapshots).toMatchObject([{ state: 'completed' }]);
    expect(Object.entries(others).filter(([, left]) => left.length > 0)).toEqual([]);
    expect(cloud.calls.filter(({ status }) => status >= 500)).toEqual([]);
    // A machine that starts from it has what was put there.
    const image = cloud.world.region(cloud.region).images.get(images[0].id)!;
    const disk = cloud.world.region(cloud.region).snapshots.get(snapshots[0].id)!.disk!;
    const machine = await cloud.machines.launch({
      instanceId: 'i-0000000000000proof',
      imageDisk: disk,
      loginUser: image.loginUser,
      address: cloud.world.newAddress(),
      region: cloud.region,
      endpointPort: cloud.world.endpointPort(),
    });
    const said: Buffer[] = [];
    const { exitCode: proof } = await machine.exec!(
      'set -e; /usr/local/go/bin/go version; test "$(stat -c %U:%a /home/agent/bin/agent)" = agent:770; goss --version; test -e /etc/systemd/system/multi-user.target.wants/agent.service',
      { onStdout: (chunk) => said.push(chunk) },
    );
    expect(`${proof} ${Buffer.concat(said)}`).toMatch(/^0 go version go1[\s\S]*goss version v/);
    await machine.destroy();
  }, 300_000);
});

/** Debian's, which has the builder built in. */
function packerProgram(): string | undefined {
  return ['/usr/bin/packer', '/usr/local/bin/packer'].find(existsSync);
}

/** What the chapter's template carries: the tool chain, a key, the agent and its service, and Goss. */
async function fill(folder: string): Promise<void> {
  const files = join(folder, 'files');
  mkdirSync(files);
  const archive = await goArchive();
  await output(['tar', '-C', folder, '-xzf', archive], { timeoutMs: 120_000 });
  await output([join(folder, 'go/bin/go'), 'build', '-o', join(files, 'agent'), '.'], {
    cwd: join(EXAMPLE, 'agent'), timeoutMs: 240_000, env: { ...process.env, CGO_ENABLED: '0', GOCACHE: join(folder, 'go-cache'), GOFLAGS: '-mod=mod' },
  });
  execFileSync('cp', [archive, join(files, 'go.tar.gz')]);
  execFileSync('cp', [await realGoss(), join(files, 'goss')]);
  execFileSync('cp', [join(EXAMPLE, 'agent.pub'), join(EXAMPLE, 'agent.service'), dirname(join(files, 'agent'))]);
}

/** The chapter's, with what it downloads taken from files. */
function template(endpoint: string): string {
  const shell = (...inline: string[]) => `  provisioner "shell" {\n    inline = ${JSON.stringify(inline)}\n  }\n`;
  const file = (source: string, destination: string) => `  provisioner "file" {\n    source = "./files/${source}"\n    destination = "${destination}"\n  }\n`;
  return `source "amazon-ebs" "ubuntu" {
  access_key    = "test"
  secret_key    = "test"
  ami_name      = "ubuntu-amd64"
  instance_type = "t2.micro"
  region        = "us-east-2"
  source_ami_filter {
    filters = {
      name                = "ubuntu/images/*ubuntu-xenial-16.04-amd64-server-*"
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
    most_recent = true
    owners      = ["099720109477"]
  }
  ssh_username = "ubuntu"
  custom_endpoint_ec2         = "${endpoint}"
  skip_region_validation      = true
  skip_metadata_api_check     = true
  skip_credential_validation  = true
}

build {
  name    = "goBook"
  sources = ["source.amazon-ebs.ubuntu"]
${[
  file('go.tar.gz', '/tmp/go.tar.gz'),
  shell('cd ~', 'sudo tar -C /usr/local -xzf /tmp/go.tar.gz', 'echo \'export PATH=$PATH:/usr/local/go/bin\' | sudo tee -a /etc/profile > /dev/null',
    '. /etc/profile', 'go version', 'rm /tmp/go.tar.gz'),
  shell('sudo useradd --create-home --shell /bin/bash agent'),
  file('agent.pub', '/tmp/agent.pub'),
  shell('sudo mkdir /home/agent/.ssh', 'sudo mv /tmp/agent.pub /home/agent/.ssh/authorized_keys', 'sudo chown agent:agent /home/agent/.ssh',
    'sudo chown agent:agent /home/agent/.ssh/authorized_keys', 'sudo chmod 400 /home/agent/.ssh/authorized_keys'),
  file('agent', '/tmp/agent'),
  shell('sudo mkdir /home/agent/bin', 'sudo chown agent:agent /home/agent/bin', 'sudo chmod ug+rwx /home/agent/bin',
    'sudo mv /tmp/agent /home/agent/bin/agent', 'sudo chown agent:agent /home/agent/bin/agent', 'sudo chmod 0770 /home/agent/bin/agent'),
  file('agent.service', '/tmp/agent.service'),
  shell('sudo mv /tmp/agent.service /etc/systemd/system/agent.service', 'sudo systemctl enable agent.service', 'sudo systemctl daemon-reload',
    'sudo systemctl start agent.service', 'sleep 1', 'sudo systemctl is-enabled agent.service', 'sudo systemctl is-active agent.service'),
  file('goss', '/tmp/goss'),
  shell('sudo mv /tmp/goss /usr/local/bin/goss', 'sudo chmod +rx /usr/local/bin/goss', 'goss -v'),
].join('')}}
`;
}
