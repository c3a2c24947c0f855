import { CreateSecurityGroupCommand, DescribeImagesCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { LeapingClock } from './leaping-clock';
import { caller, type Caller } from '../../../lib/hosts/ec2/aws-request';

/** An error as the SDK throws it. */
function sdkError(name: string, httpStatusCode: number, message = 'said AWS'): Error {
  return Object.assign(new Error(message), { name, $fault: httpStatusCode < 500 ? 'client' : 'server', $metadata: { httpStatusCode } });
}

const broken = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
const refused = () => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });

const clock = new LeapingClock();
let asked: string[];
let refreshed: number;

/** A service that answers each call with the next of these; the last stands for all that follow. */
function service(...answers: readonly (object | Error)[]): Caller {
  asked = [];
  refreshed = 0;
  return caller({
    service: 'ec2',
    region: 'us-east-2',
    clock,
    endpoint: async () => 'ec2.us-east-2.amazonaws.com',
    refresh: async () => { refreshed++; },
    transmit: async (command) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(command.constructor.name);
      if (answer instanceof Error) { throw answer; }
      return answer;
    },
  });
}

const describeImages = new DescribeImagesCommand({});

test('throttling, faults of the service and broken connections are tried again', async () => {
  const answer = { Images: [], $metadata: {} };
  for (const error of [sdkError('RequestLimitExceeded', 503), sdkError('InternalError', 500), sdkError('Unavailable', 503), broken(), sdkError('TimeoutError', 0)]) {
    expect(await service(error, error, answer).send(describeImages)).toBe(answer);
    expect(asked).toHaveLength(3);
  }
});

test('a call that is not allowed is made once, and the error says which action and which statement would allow it', async () => {
  const denied = sdkError('UnauthorizedOperation', 403, 'You are not authorized to perform this operation. Encoded authorization failure message: abc');
  await expect(service(denied).send(describeImages)).rejects.toMatchObject({
    code: 'access-denied',
    kind: 'environment',
    message: 'Not allowed: ec2:DescribeImages in us-east-2: You are not authorized to perform this operation.',
    hint: expect.stringContaining('{"Effect":"Allow","Action":"ec2:DescribeImages","Resource":"*"}'),
  });
  expect(asked).toHaveLength(1);
});

test('a launch that fails for the role it passes on says so', async () => {
  const denied = sdkError('UnauthorizedOperation', 403,
    'User: arn:aws:iam::1:user/me is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/golden-builder because no identity-based policy allows it');
  await expect(service(denied).send(new RunInstancesCommand({ MinCount: 1, MaxCount: 1 }))).rejects.toMatchObject({
    hint: expect.stringContaining('{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::1:role/golden-builder"}'),
  });
});

test('an answer that means "not yet" for this call is waited for, and ends other calls', async () => {
  const early = sdkError('InvalidGroup.NotFound', 400);
  const answer = { Images: [], $metadata: {} };
  expect(await service(early, early, answer).send(describeImages, { notYet: ['InvalidGroup.NotFound'] })).toBe(answer);
  await expect(service(early, answer).send(describeImages)).rejects.toMatchObject({ code: 'aws-error', message: expect.stringContaining('InvalidGroup.NotFound: said AWS') });

  const profile = { code: 'InvalidParameterValue', message: /instance profile/i };
  const notYet = [profile];
  expect(await service(sdkError('InvalidParameterValue', 400, 'Invalid IAM Instance Profile name'), answer).send(describeImages, { notYet })).toBe(answer);
  await expect(service(sdkError('InvalidParameterValue', 400, 'Bad size'), answer).send(describeImages, { notYet })).rejects.toThrow('Bad size');
});

test('what a call without a token may have made is looked for before it is asked for again', async () => {
  const create = new CreateSecurityGroupCommand({ GroupName: 'g', Description: 'd' });
  const found = { GroupId: 'sg-1', $metadata: {} };
  expect(await service(broken(), new Error('must not be asked again')).send(create, { find: async () => found })).toBe(found);
  expect(asked).toHaveLength(1);

  // It was not made: asked again.
  const made = { GroupId: 'sg-2', $metadata: {} };
  expect(await service(sdkError('InternalError', 500), made).send(create, { find: async () => undefined })).toBe(made);

  // A refusal leaves nothing open.
  const find = jest.fn(async () => found);
  expect(await service(sdkError('RequestLimitExceeded', 503), made).send(create, { find })).toBe(made);
  expect(find).not.toHaveBeenCalled();
});

test('a lack of capacity is no fault that passes, although it comes as one', async () => {
  await expect(service(sdkError('InsufficientInstanceCapacity', 500)).send(describeImages)).rejects.toMatchObject({ code: 'aws-error' });
  expect(asked).toHaveLength(1);
});

test('credentials that expire are read anew, once', async () => {
  const expired = sdkError('ExpiredToken', 400, 'The security token included in the request is expired');
  const answer = { Images: [], $metadata: {} };
  expect(await service(expired, answer).send(describeImages)).toBe(answer);
  expect(refreshed).toBe(1);

  await expect(service(expired).send(describeImages)).rejects.toMatchObject({ code: 'expired-credentials', hint: expect.stringContaining('aws sso login') });
  expect(asked).toHaveLength(2);
});

test('credentials that are missing or wrong say what to type', async () => {
  const missing = Object.assign(new Error('Could not load credentials from any providers'), { name: 'CredentialsProviderError' });
  await expect(service(missing).send(describeImages)).rejects.toMatchObject({ code: 'no-credentials', hint: expect.stringContaining('AWS_PROFILE') });
  await expect(service(sdkError('AuthFailure', 401)).send(describeImages)).rejects.toMatchObject({ code: 'invalid-credentials' });
});

test('a service that was never reached is given up after three tries, with its address', async () => {
  await expect(service(refused()).send(describeImages)).rejects.toMatchObject({
    code: 'unreachable', message: expect.stringContaining('ec2.us-east-2.amazonaws.com'), hint: expect.stringContaining('AWS_ENDPOINT_URL'),
  });
  expect(asked).toHaveLength(3);
});

test('a service that was reached before is waited for', async () => {
  const answer = { Images: [], $metadata: {} };
  const ec2 = service(answer, ...Array.from({ length: 6 }, refused), answer);
  await ec2.send(describeImages);
  expect(await ec2.send(describeImages)).toBe(answer);
  expect(asked).toHaveLength(8);
});
