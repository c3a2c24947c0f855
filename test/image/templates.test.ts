import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnLaunchTemplate, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { AmiImage } from '../../lib/image/ami-image';
import { Delivery } from '../../lib/image/delivery';
import { Source } from '../../lib/image/sources/source';
import { lintTemplates } from '../support/cfn-lint';

const env = { account: '111122223333', region: 'eu-west-1' };
const EXAMPLES = join(__dirname, '..', '..', 'examples');
/** What a lookup of the default VPC finds; without it the CDK writes IDs that are none. */
const FOUND = {
  [`vpc-provider:account=${env.account}:filter.isDefault=true:region=${env.region}:returnAsymmetricSubnets=true`]: {
    vpcId: 'vpc-0123456789abcdef0',
    vpcCidrBlock: '172.31.0.0/16',
    availabilityZones: [],
    subnetGroups: [{
      name: 'Public',
      type: 'Public',
      subnets: [{ subnetId: 'subnet-0123456789abcdef0', cidr: '172.31.0.0/20', availabilityZone: 'eu-west-1a', routeTableId: 'rtb-0123456789abcdef0' }],
    }],
  },
};

let work: string;

beforeAll(() => { work = mkdtempSync(join(realpathSync(tmpdir()), 'templates-')); });
afterAll(() => rmSync(work, { recursive: true }));

/** Templates of stacks in an assembly. */
const templatesIn = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.template.json')).map((name) => join(folder, name)).sort();

function synthesise(name: string, declare: (app: App) => void): readonly string[] {
  const app = new App({ outdir: join(work, name) });
  declare(app);
  app.synth();
  return templatesIn(app.outdir);
}

/** What the app of an example makes when its process ends. */
function synthesiseExample(name: string): readonly string[] {
  const outdir = join(work, name);
  const listeners = process.listeners('beforeExit');
  const variables = {
    CDK_OUTDIR: outdir, CDK_DEFAULT_ACCOUNT: env.account, CDK_DEFAULT_REGION: env.region, CDK_CONTEXT_JSON: JSON.stringify(FOUND),
  };
  Object.assign(process.env, variables);
  try {
    jest.isolateModules(() => { jest.requireActual(join(EXAMPLES, name, 'app.ts')); });
  } finally {
    for (const variable of Object.keys(variables)) { delete process.env[variable]; }
  }
  for (const synth of process.listeners('beforeExit').filter((each) => !listeners.includes(each))) {
    process.removeListener('beforeExit', synth);
    (synth as () => void)();
  }
  return templatesIn(outdir);
}

function use(image: AmiImage, stack: Stack): void {
  new CfnLaunchTemplate(stack, 'Template', { launchTemplateData: { imageId: image.getImage(stack).imageId } });
}

test('CloudFormation has nothing against the templates of any delivery, nor of any example', async () => {
  const ofDeliveries = synthesise('deliveries', (app) => {
    const source = Source.debian('12');
    const stack = (id: string, region = env.region) => new Stack(app, id, { env: { ...env, region } });
    for (const [id, delivery] of Object.entries({ OnDeploy: Delivery.onDeploy(), Prebuilt: Delivery.prebuilt(), CodeBuild: Delivery.codeBuild() })) {
      const image = new AmiImage(stack(id), 'Image', { source, delivery });
      use(image, Stack.of(image));
      use(image, stack(`${id}There`, 'us-east-1'));
      image.grantLaunch(new Role(Stack.of(image), 'Role', { assumedBy: new AccountPrincipal(env.account) }));
    }
    const long = stack('Long');
    const base = new AmiImage(long, 'Base', {
      source,
      delivery: Delivery.codeBuild({
        timeout: Duration.hours(36),
        vpc: new Vpc(long, 'Vpc'),
        schedule: Schedule.rate(Duration.days(7)),
        notifications: new Topic(long, 'News'),
        removalPolicy: RemovalPolicy.DESTROY,
        encryptionKey: new Key(long, 'Key'),
      }),
    });
    new AmiImage(long, 'Web', { source: Source.image(base), delivery: Delivery.codeBuild() });
    new AmiImage(new Stack(app, 'Anywhere'), 'Image', { source, delivery: Delivery.codeBuild({ schedule: Schedule.rate(Duration.days(7)) }) });
  });
  const names = readdirSync(EXAMPLES).filter((name) => existsSync(join(EXAMPLES, name, 'cdk.json')) && existsSync(join(EXAMPLES, name, 'app.ts')));
  const ofExamples = names.flatMap(synthesiseExample);
  expect(ofDeliveries.length).toBeGreaterThan(7);
  expect(ofExamples.length).toBeGreaterThan(names.length);
  // One that is wrong, so that this test cannot pass by looking at nothing.
  const wrong = join(work, 'wrong.json');
  writeFileSync(wrong, JSON.stringify({ Resources: { Bucket: { Type: 'AWS::S3::Bucket', Properties: { Buckets: 1 } } } }));

  const findings = await lintTemplates([...ofDeliveries, ...ofExamples, wrong]);

  expect(findings).toEqual([expect.stringContaining('wrong.json:1')]);
}, 600_000);
