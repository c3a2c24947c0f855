import { readFileSync } from 'fs';
import { join } from 'path';
import { CloudFormationClient, CreateStackCommand, waitUntilStackCreateComplete } from '@aws-sdk/client-cloudformation';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { App, CfnParameter, Stack } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { AmiImage, Check, Communicator, FileSource, Provisioner, SecretRef, Source } from '../../lib';
import { startAccountCli, type AccountCli } from '../support/account-cli';

let account: AccountCli;
beforeAll(async () => { account = await startAccountCli(); });
afterAll(() => account?.stop());
beforeEach(() => account.reset());

jest.setTimeout(240_000);

/** What the data holds, hostile to every shell: it has to arrive as it is. */
const GREETING = 'it\'s "$(touch /tmp/owned)" `id` \\ *';

/** An app of two stacks: one with data, and one with an image that has it. */
function declare(): string {
  const outdir = join(account.folder, 'app');
  const app = new App({ outdir });
  const env = { region: account.cloud.region, account: account.cloud.account };
  const data = new Stack(app, 'Data', { env });
  const greeting = new ssm.CfnParameter(data, 'Greeting', { type: 'String', name: '/greeting', value: GREETING });
  const text = new CfnParameter(data, 'Text', { default: GREETING }).valueAsString;
  const token = new CfnParameter(data, 'Token', { default: 'team/token' }).valueAsString;
  new AmiImage(new Stack(app, 'Images', { env }), 'Web', {
    source: Source.ubuntu('24.04'),
    builder: { communicator: Communicator.ssh() },
    provisioners: [
      Provisioner.shell({ inline: ['printf %s "$GREETING" > /etc/environment-greeting'], environment: { GREETING: text } }),
      Provisioner.shell({ inline: [`printf %s ${text} > /etc/inline-greeting`, 'cat > /etc/document-greeting <<END', text, 'END'] }),
      Provisioner.file({ source: FileSource.inline(`greeting=${text}\n`), destination: '/etc/app/greeting', mode: '0640' }),
      Provisioner.shell({
        inline: ['test "$TOKEN" = hunter22 && test "${#GREETING}" -gt 5'],
        secrets: { TOKEN: SecretRef.secretsManager(token, { key: 'token' }), GREETING: SecretRef.ssm(greeting.ref) },
      }),
    ],
    checks: [
      ...['environment-greeting', 'inline-greeting', 'document-greeting'].map((name) => Check.file(`/etc/${name}`, { contents: [GREETING] })),
      Check.file('/etc/app/greeting', { contents: [`greeting=${GREETING}`], mode: '0640' }),
      Check.file('/tmp/owned', { exists: false }),
    ],
  });
  app.synth();
  return outdir;
}

async function deployData(outdir: string): Promise<void> {
  const { region, endpoint } = account.cloud;
  await new SecretsManagerClient({ region, endpoint }).send(new CreateSecretCommand({ Name: 'team/token', SecretString: '{"token":"hunter22"}' }));
  const client = new CloudFormationClient({ region, endpoint });
  const { Resources, Outputs, Parameters } = JSON.parse(readFileSync(join(outdir, 'Data.template.json'), 'utf8')) as { Resources: object; Outputs: object; Parameters: { Text: object; Token: object } };
  await client.send(new CreateStackCommand({ StackName: 'Data', TemplateBody: JSON.stringify({ Resources, Outputs, Parameters: { Text: Parameters.Text, Token: Parameters.Token } }) }));
  await waitUntilStackCreateComplete({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { StackName: 'Data' });
}

test('what another stack declares reaches the machine as it is, once that stack is deployed', async () => {
  const outdir = declare();
  const build = () => account.golden(['build', '--host', 'ec2', '--app', 'app', '--json']);

  const early = await build();
  expect(early.exitCode).not.toBe(0);
  expect(early.err + early.out).toContain('of the stack Data in us-east-2, which is not deployed');
  expect(await account.left()).toEqual([]);

  await deployData(outdir);
  const { exitCode, events, out, err } = await build();
  expect([exitCode, err]).toEqual([0, '']);
  expect(events.filter(({ type }) => type === 'build.finished')).toMatchObject([{ status: 'built' }]);
  expect(out).not.toContain('hunter22');
});
