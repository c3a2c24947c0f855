import { cloudClients, type CloudClients } from './cloud-clients';
import { linesOf, makeFunction, serviceRole } from './service-fixture';
import { startCloud, type Cloud } from '../support/cloud/cloud';
import { enforceRoles } from '../support/iam/role-authority';

let cloud: Cloud;
let to: CloudClients;

beforeAll(async () => {
  cloud = await startCloud();
  to = cloudClients(cloud);
});
afterAll(async () => { to.end(); await cloud.stop(); });
afterEach(() => cloud.reset());

async function invoke(FunctionName: string, event: unknown = {}): Promise<{ readonly error?: string; readonly answer: any }> {
  const { Payload, FunctionError } = await to.lambda.invoke({ FunctionName, Payload: JSON.stringify(event) });
  return { error: FunctionError, answer: JSON.parse(Buffer.from(Payload!).toString()) };
}

test('a function answers with what its handler resolves to, and logs where its context says', async () => {
  await makeFunction(to, 'hello', `exports.handler = async ({ name }, { logStreamName }) => {
    console.log('greeting %s', name);
    return { greeting: 'hello ' + name, region: process.env.AWS_REGION, mark: process.env.MARK, logStreamName };
  };`, { Environment: { Variables: { MARK: 'm' } } });

  const { error, answer } = await invoke('hello', { name: 'world' });

  expect({ error, ...answer }).toEqual({ greeting: 'hello world', region: cloud.region, mark: 'm', logStreamName: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/) });
  expect(await linesOf(to, '/aws/lambda/hello', answer.logStreamName)).toEqual([expect.stringMatching(/\tINFO\tgreeting world$/)]);
});

test('a function has the SDK of its runtime, and acts as its role', async () => {
  await makeFunction(to, 'who', `const { STSClient, GetCallerIdentityCommand } = require('@aws-sdk/client-sts');
    exports.handler = async () => (await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn;`);

  expect((await invoke('who')).answer).toBe(`arn:aws:sts::${cloud.account}:assumed-role/role-of-lambda/who`);
});

test('a role that does not trust Lambda, or is not there, makes no function', async () => {
  const Role = await serviceRole(to, 'codebuild');

  await expect(makeFunction(to, 'f', '', { Role })).rejects.toThrow('The role defined for the function cannot be assumed by Lambda.');
  await expect(makeFunction(to, 'f', '', { Role: `${Role}-none` })).rejects.toThrow('The role defined for the function cannot be assumed by Lambda.');
});

test('an error of the handler is the answer, and says so', async () => {
  await makeFunction(to, 'broken', 'exports.handler = async () => { throw new RangeError("too far"); };');

  expect(await invoke('broken')).toMatchObject({ error: 'Unhandled', answer: { errorType: 'RangeError', errorMessage: 'too far' } });
});

test('a function that takes too long is killed, with what it had started', async () => {
  const code = 'exports.handler = () => new Promise(() => { require("child_process").spawn("sleep", ["60"], { stdio: "inherit" }); });';
  await makeFunction(to, 'slow', code, { Timeout: 1 });

  const errorMessage = expect.stringMatching(/Task timed out after 1\.00 seconds$/) as string;
  expect(await invoke('slow')).toMatchObject({ error: 'Unhandled', answer: { errorType: 'Sandbox.Timedout', errorMessage } });
});

test('a process that ends by itself is an error', async () => {
  await makeFunction(to, 'gone', 'exports.handler = () => process.exit(7);');

  expect(await invoke('gone')).toMatchObject({ error: 'Unhandled', answer: { errorType: 'Runtime.ExitError', errorMessage: expect.stringMatching(/exit status 7$/) } });
});

test('an event is tried three times, and no further once it succeeded', async () => {
  await makeFunction(to, 'fails', 'exports.handler = async ({ fails }) => { if (fails) { throw new Error("no"); } };');

  for (const fails of [true, false]) { await to.lambda.invoke({ FunctionName: 'fails', InvocationType: 'Event', Payload: JSON.stringify({ fails }) }); }
  await cloud.services.lambda.settled();

  const tried = cloud.services.lambda.invocations.map(({ event, result }) => [(event as { fails: boolean }).fails, result.failed]);
  expect(tried.filter(([fails]) => fails)).toEqual([[true, true], [true, true], [true, true]]);
  expect(tried.filter(([fails]) => !fails)).toEqual([[false, false]]);
});

test('where policies count, a function may do what those of its role allow', async () => {
  const policy = (Action: string) => JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: `arn:aws:ssm:*:${cloud.account}:parameter/mine/*` }] });
  const Role = await serviceRole(to, 'lambda', policy('ssm:GetParameter'));
  const code = `const { SSMClient, GetParameterCommand } = require('@aws-sdk/client-ssm');
    exports.handler = async ({ Name }) => (await new SSMClient({}).send(new GetParameterCommand({ Name }))).Parameter.Value;`;
  await makeFunction(to, 'reader', code, { Role });
  for (const Name of ['/mine/a', '/other/a']) { await to.ssm.putParameter({ Name, Type: 'String', Value: 'v' }); }
  const refused = enforceRoles(cloud, (role) => role === 'role-of-lambda');

  expect((await invoke('reader', { Name: '/mine/a' })).answer).toBe('v');
  expect(await invoke('reader', { Name: '/other/a' })).toMatchObject({ error: 'Unhandled', answer: { errorType: 'AccessDeniedException' } });
  expect(refused.filter(({ action }) => action.startsWith('ssm:'))).toMatchObject([{ resource: `arn:aws:ssm:${cloud.region}:${cloud.account}:parameter/other/a` }]);
});
