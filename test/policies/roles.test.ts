import type { DeliverySpec } from '../../lib/plan/delivery';
import type { Plan } from '../../lib/plan/model';
import { buildGroups, buildStatements, destroyStatements, policyScope, rolePolicies, type PolicyPlace } from '../../lib/policies/roles';
import type { Statement } from '../../lib/policies/statement';
import { samplePlan } from '../support/sample-plan';

const here: PolicyPlace = { account: '111122223333', partition: 'aws' };

function planWith(delivery: Partial<DeliverySpec> = {}, builder: Partial<Plan['builder']> = {}): Plan {
  const plan = samplePlan();
  return { ...plan, delivery: { ...plan.delivery, ...delivery }, builder: { ...plan.builder, ...builder } };
}

const scopeOf = (plan: Plan, place: Partial<PolicyPlace> = {}) => policyScope([plan], ['eu-west-1'], { ...here, ...place });
const named = (statements: readonly Statement[], sid: string) => statements.find(({ Sid }) => Sid === sid);

test('the groups are all that the role of builds may do', () => {
  const scope = scopeOf(planWith());
  expect(Object.values(buildGroups(scope)).flat()).toEqual(buildStatements(scope));
  expect(rolePolicies(scope).map(({ name }) => name)).toEqual(['build role', 'instance role', 'destroy role', 'shell']);
});

test('who opens shells over SSM starts one kind of session, on our machines, and ends those of their own; over SSH nothing more is needed', () => {
  const shell = (plan: Plan) => rolePolicies(scopeOf(plan)).find(({ name }) => name === 'shell')?.document;
  expect(shell(planWith())).toMatchObject({
    Statement: [
      {
        Action: 'ssm:StartSession',
        Resource: ['arn:aws:ec2:eu-west-1:111122223333:instance/*'],
        Condition: { StringEquals: { 'ssm:resourceTag/golden:managed': 'true' } },
      },
      { Action: 'ssm:StartSession', Resource: ['arn:aws:ssm:eu-west-1::document/AWS-StartInteractiveCommand'] },
      {
        Action: 'ssm:TerminateSession',
        Resource: ['arn:aws:ssm:eu-west-1:111122223333:session/${aws:username}-*', 'arn:aws:ssm:eu-west-1:111122223333:session/${aws:userid}-*'],
      },
    ],
  });
  expect(JSON.stringify(buildStatements(scopeOf(planWith())))).not.toContain('ssm:StartSession');
  expect(shell(planWith({}, { communicator: { type: 'ssh' } as Plan['builder']['communicator'] }))).toBeUndefined();
});

test('a key is used by EC2 alone, in the region of the image or of the copy that it encrypts', () => {
  const key = (id: string) => ({ type: 'literal', value: `arn:aws:kms:eu-west-1:111122223333:key/${id}` }) as const;
  const statements = buildStatements(scopeOf(planWith({
    encryption: { encrypted: true, key: key('home') }, regions: [{ region: 'us-east-1', encryptionKey: key('there') }],
  })));
  expect([named(statements, 'UseKey0'), named(statements, 'UseKey1')]).toMatchObject([
    { Resource: key('home').value, Condition: { StringEquals: { 'kms:ViaService': 'ec2.eu-west-1.amazonaws.com' } } },
    { Resource: key('there').value, Condition: { StringEquals: { 'kms:ViaService': 'ec2.us-east-1.amazonaws.com' } } },
  ]);
});

test('an image is published in other accounts by roles of theirs, and where there are none nothing is assumed', () => {
  const consumers = [{ account: '444455556666', region: 'us-east-1', roleName: 'golden-delivery' }];
  expect(named(buildStatements(scopeOf(planWith({ consumers }))), 'PublishElsewhere')).toEqual({
    Sid: 'PublishElsewhere', Effect: 'Allow', Action: 'sts:AssumeRole', Resource: ['arn:aws:iam::444455556666:role/golden-delivery'],
  });
  expect(JSON.stringify(buildStatements(scopeOf(planWith())))).not.toContain('sts:AssumeRole');
});

test.each([
  ['aws', 'ec2.amazonaws.com'], ['aws-us-gov', 'ec2.amazonaws.com'], ['aws-cn', 'ec2.amazonaws.com.cn'],
  ['${AWS::Partition}', ['ec2.amazonaws.com', 'ec2.amazonaws.com.cn']],
])('machines of the partition %s get their role from EC2, under its name there', (partition, service) => {
  expect(named(buildStatements(scopeOf(planWith(), { partition })), 'PassRole')).toMatchObject({
    Resource: `arn:${partition}:iam::111122223333:role/golden-builder`, Condition: { StringEquals: { 'iam:PassedToService': service } },
  });
});

test('records and locks are read and written below their prefix, and nowhere else', () => {
  const state = { bucket: 'records', prefix: 'golden/' };
  for (const statements of [buildStatements(scopeOf(planWith(), { state })), destroyStatements(scopeOf(planWith(), { state }))]) {
    expect(named(statements, 'KeepRecords')).toMatchObject({ Resource: 'arn:aws:s3:::records/golden/*' });
  }
});

test('a bucket that is given takes the place of the managed one, which is then not made', () => {
  const given = buildStatements(scopeOf(planWith(), { stagingBucket: 'files' }));
  expect([named(given, 'MakeStagingBucket'), named(given, 'Stage')]).toMatchObject([undefined, { Resource: ['arn:aws:s3:::files/staging/*'] }]);
  expect(named(buildStatements(scopeOf(planWith())), 'MakeStagingBucket')).toMatchObject({ Resource: ['arn:aws:s3:::golden-111122223333-eu-west-1'] });
});
