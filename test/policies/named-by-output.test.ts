import { policyScope } from '../../lib/policies/roles';
import { valueStatements } from '../../lib/policies/service-statements';
import { samplePlan } from '../support/sample-plan';

test('what is named by an output of a stack needs that output, and things of any name', () => {
  const plan = samplePlan();
  const id = { type: 'stackOutput', stack: 'Data', output: 'Token' } as const;
  const secrets = {
    token: { from: { type: 'namedByOutput', service: 'secretsManager', id } },
    key: { from: { type: 'namedByOutput', service: 'ssm', id } },
  } as const;
  const named = { ...plan, definition: { ...plan.definition, parameters: {}, secrets } };
  expect(valueStatements(policyScope([named], ['eu-west-1'], { account: '111122223333', partition: 'aws' }))).toEqual([
    { Sid: 'ReadParameters', Effect: 'Allow', Action: 'ssm:GetParameter', Resource: ['arn:aws:ssm:eu-west-1:111122223333:parameter/*'] },
    { Sid: 'ReadSecrets', Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: ['arn:aws:secretsmanager:eu-west-1:111122223333:secret:*-??????'] },
    { Sid: 'ReadOutputs', Effect: 'Allow', Action: 'cloudformation:DescribeStacks', Resource: ['arn:aws:cloudformation:eu-west-1:111122223333:stack/Data/*'] },
  ]);
});
