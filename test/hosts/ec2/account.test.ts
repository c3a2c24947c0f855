import { createHash } from 'crypto';
import { Readable } from 'stream';
import { CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, GetBucketLifecycleConfigurationCommand, GetPublicAccessBlockCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { REGION } from './ec2-fixture';
import { startImages, type ImageFixture } from './image-fixture';
import { LeapingClock } from './leaping-clock';
import { systemClock } from '../../../lib/cli/wiring';
import { awsValues } from '../../../lib/hosts/ec2/aws-values';
import { s3State } from '../../../lib/hosts/ec2/s3-state';
import { s3Staging } from '../../../lib/hosts/ec2/staging';
import { parseS3Location } from '../../../lib/policies/bucket-names';
import type { Clock } from '../../../lib/ports/clock';

let ec2: ImageFixture;
beforeAll(async () => { ec2 = await startImages(); });
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

describe('values of the account', () => {
  const read = (from: Parameters<ReturnType<typeof awsValues>['read']>[1]) => awsValues(ec2.cloud, REGION).read('token', from);

  test('are read from parameters, secrets, keys of secrets, and outputs of stacks', async () => {
    const { clients } = ec2.cloud;
    await clients.ssm(REGION).send(new PutParameterCommand({ Name: '/app/token', Value: 'of the parameter', Type: 'SecureString' }));
    await clients.secretsManager(REGION).send(new CreateSecretCommand({ Name: 'plain', SecretString: 'of the secret' }));
    await clients.secretsManager(REGION).send(new CreateSecretCommand({ Name: 'json', SecretString: '{"password":"of the key","port":5432}' }));
    const TemplateBody = JSON.stringify({ Resources: { Topic: { Type: 'AWS::SNS::Topic' } }, Outputs: { Out: { Value: 'of the output' } } });
    await clients.cloudFormation(REGION).send(new CreateStackCommand({ StackName: 'net', TemplateBody }));
    expect(await Promise.all([
      read({ type: 'ssm', name: '/app/token' }),
      read({ type: 'secretsManager', id: 'plain' }),
      read({ type: 'secretsManager', id: 'json', key: 'password' }),
      read({ type: 'secretsManager', id: 'json', key: 'port' }),
      read({ type: 'stackOutput', stack: 'net', output: 'Out' }),
    ])).toEqual(['of the parameter', 'of the secret', 'of the key', '5432', 'of the output']);
  });

  test('that are not there say where they were looked for, and how else to give them', async () => {
    await ec2.cloud.clients.secretsManager(REGION).send(new CreateSecretCommand({ Name: 'json', SecretString: '{"password":"hidden"}' }));
    const messages = await Promise.all([
      read({ type: 'ssm', name: '/app/none' }),
      read({ type: 'secretsManager', id: 'none' }),
      read({ type: 'secretsManager', id: 'json', key: 'none' }),
      read({ type: 'stackOutput', stack: 'none', output: 'Out' }),
    ].map((promise) => promise.then(() => 'found', ({ code, message, hint }) => `${code}: ${message} | ${hint}`)));
    expect(messages.map((message) => message.split(' | ')[0])).toEqual([
      'missing-value: token is read from the SSM parameter /app/none in us-east-2, which is not there',
      'missing-value: token is read from the secret none of Secrets Manager in us-east-2, which is not there, or has no value',
      'missing-value: token is read from the key none of the secret json of Secrets Manager in us-east-2, which has no such key',
      'missing-value: token is read from the output Out of the stack none in us-east-2, which is not deployed',
    ]);
    expect(messages.every((message) => message.includes('--secret token=env:VARIABLE') && !message.includes('hidden'))).toBe(true);
  });
});

describe('what is staged', () => {
  const digest = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  const staging = () => s3Staging(ec2.cloud, { region: REGION, buildId: 'b1' });

  test.each([['nothing', 0], ['little', 1000], ['as much as a part', 16 << 20], ['much', (40 << 20) + 7]])('is fetched as it was: %s', async (_, size) => {
    const content = Buffer.alloc(size, 'golden ');
    const file = await staging().offer(Readable.from([content.subarray(0, 100), content.subarray(100)]));
    expect(file).toMatchObject({ bytes: size, sha256: digest(content) });
    const fetched = Buffer.from(await (await fetch(file.url)).arrayBuffer());
    expect(digest(fetched)).toBe(digest(content));
    expect((await ec2.left()).objects.map(({ id }) => id)).toEqual([expect.stringMatching(/staging\/b1\/[0-9a-f]{32}$/)]);
    await file.remove();
    expect((await ec2.left()).objects).toEqual([]);
  });

  test('by a machine is read here', async () => {
    const expected = await staging().expect();
    expect((await fetch(expected.url, { method: 'PUT', body: 'from the machine' })).status).toBe(200);
    const chunks: Buffer[] = [];
    for await (const chunk of await expected.read()) { chunks.push(chunk as Buffer); }
    expect(Buffer.concat(chunks).toString()).toBe('from the machine');
    await expected.remove();
  });

  test('lies in a bucket that is made when it is needed, shows nothing to others, and forgets after a day', async () => {
    const first = staging();
    expect((await ec2.aws.resources()).buckets).toEqual([]);
    await first.offer(Readable.from(['x']));
    const Bucket = `golden-${ec2.aws.account}-${REGION}`;
    const s3 = ec2.cloud.clients.s3(REGION);
    expect((await s3.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true,
    });
    expect((await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules).toEqual([expect.objectContaining({ Status: 'Enabled', Expiration: expect.objectContaining({ Days: 1 }) })]);
  });

  test('whose content cannot be read is an error, and leaves nothing', async () => {
    const broken = new Readable({ read() { this.push(Buffer.alloc(20 << 20)); this.destroy(new Error('gone')); } });
    await expect(staging().offer(broken)).rejects.toThrow('gone');
    expect((await ec2.left()).objects).toEqual([]);
  });
});

describe('records and locks in S3', () => {
  const BUCKET = 'state';
  const open = async (clock: Clock = systemClock) => {
    const client = ec2.cloud.clients.s3(REGION);
    await client.send(new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint: REGION } })).catch(() => undefined);
    return s3State({ client, ...parseS3Location(`s3://${BUCKET}/team/golden/`) }, clock);
  };
  const options = (buildId: string, clock: Clock = systemClock, signal = new AbortController().signal) => ({ buildId, image: 'Stack/Web', clock, signal, onWait: () => undefined });

  test('a journal has its records in their order, and goes on where another process left it', async () => {
    const state = await open();
    const journal = state.openJournal('b1');
    await Promise.all([journal.append({ type: 'started' }), journal.append({ type: 'intent', act: 'a' }), journal.append({ type: 'done', act: 'a' })]);
    await journal.close();
    const again = state.openJournal('b1');
    await again.append({ type: 'intent', act: 'b' });
    expect((await state.readJournal('b1')).map(({ sequence, type, act }) => [sequence, type, act])).toEqual([
      [1, 'started', undefined], [2, 'intent', 'a'], [3, 'done', 'a'], [4, 'intent', 'b'],
    ]);
    expect([await state.builds(), await state.unfinished(), state.description]).toEqual([['b1'], ['b1'], 's3://state/team/golden']);
    await again.append({ type: 'finished' });
    expect([await state.builds(), await state.unfinished()]).toEqual([['b1'], []]);
    await state.removeJournal('b1');
    expect(await state.builds()).toEqual([]);
  });

  test.each(['timeout-after-effect', 'error-500', 'throttle'] as const)('a record is there once, through a %s', async (kind) => {
    const state = await open();
    const journal = state.openJournal('b1');
    await journal.append({ type: 'started' });
    ec2.aws.faults.inject({ action: 'PutObject', kind });
    await journal.append({ type: 'intent', act: 'a' });
    expect((await journal.read()).map(({ type }) => type)).toEqual(['started', 'intent']);
  });

  test('two processes that write one journal are told', async () => {
    const state = await open();
    const [ours, theirs] = [state.openJournal('b1'), state.openJournal('b1')];
    await ours.append({ type: 'started' });
    await theirs.append({ type: 'event' });
    await expect(ours.append({ type: 'event' })).rejects.toMatchObject({ code: 'foreign-journal' });
  });

  test('a lock is one build\'s until it is given back', async () => {
    const state = await open();
    const { lock, waited } = await state.acquireLock('key', options('b1'));
    expect([waited, await state.lockOwner('key')]).toEqual([false, expect.objectContaining({ buildId: 'b1', pid: process.pid })]);
    const owners: string[] = [];
    const second = state.acquireLock('key', { ...options('b2'), onWait: (owner) => { owners.push(owner!.buildId); void lock.release(); } });
    expect((await second).waited).toBe(true);
    expect([owners, (await state.lockOwner('key'))?.buildId]).toEqual([['b1'], 'b2']);
    await lock.release();
    expect((await state.lockOwner('key'))?.buildId).toBe('b2');
    await (await second).lock.release();
    expect(await state.lockOwner('key')).toBeUndefined();
  });

  test('of two who want it at once, one gets it', async () => {
    const state = await open();
    const ending = new AbortController();
    const tries = ['b1', 'b2'].map((buildId) => state.acquireLock('key', options(buildId, systemClock, ending.signal)).then(({ lock }) => { ending.abort(); return lock; }, () => undefined));
    const locks = await Promise.all(tries);
    expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
    await locks.find((lock) => lock)!.release();
  });

  test('a lock that nobody renews is taken over, and whoever had it does not take it back', async () => {
    const state = await open();
    const still: Clock = { now: () => Date.now(), sleep: () => new Promise(() => undefined) };
    await state.acquireLock('key', options('b1', still));
    const { lock, waited } = await state.acquireLock('key', options('b2', new LeapingClock()));
    expect(waited).toBe(true);
    expect(JSON.stringify(await (await open(new LeapingClock())).lockOwner('key'))).toContain('"buildId":"b2"');
    // It renews itself, and this clock leaps.
    await lock.release();
  });

  test('what is no place in S3 is refused', () => {
    expect(() => parseS3Location('s3://Not_A_Bucket')).toThrow('--state s3://Not_A_Bucket is not understood');
    expect(parseS3Location('s3://bucket')).toEqual({ bucket: 'bucket', prefix: '' });
  });
});
