import { codeOf, type Cases } from './case';
import { create, ended, parameter, remove, update } from '../stack-fixture';

const TEMPLATE = { Resources: { A: parameter('/of/stack', '1') }, Outputs: { A: { Value: { Ref: 'A' }, Export: { Name: 'a' } } } };
const TAKEN = { Resources: { ...TEMPLATE.Resources, Taken: parameter('/taken', '1', { DependsOn: 'A' }) } };
const StackName = 'app';
const body = (template: object) => ({ StackName, TemplateBody: JSON.stringify(template) });

/** What CloudFormation answers; what it does is in its own suites. */
export const STACK_CASES: Cases = {
  'cloudformation:CreateStack': async ({ to: { cloudFormation } }) => {
    expect(await create(cloudFormation, StackName, TEMPLATE)).toMatchObject({ StackStatus: 'CREATE_COMPLETE', Outputs: [{ OutputValue: '/of/stack', ExportName: 'a' }] });
    expect(await codeOf(cloudFormation.createStack(body(TEMPLATE)))).toBe('AlreadyExistsException');
  },
  'cloudformation:UpdateStack': async ({ to: { cloudFormation, ssm } }) => {
    await create(cloudFormation, StackName, TEMPLATE);
    expect(await codeOf(cloudFormation.updateStack(body(TEMPLATE)))).toBe('ValidationError');
    await update(cloudFormation, StackName, { Resources: { A: parameter('/of/stack', '2') } });
    expect((await ssm.getParameter({ Name: '/of/stack' })).Parameter!.Value).toBe('2');
  },
  'cloudformation:DeleteStack': async ({ to: { cloudFormation, ssm } }) => {
    await cloudFormation.deleteStack({ StackName });
    await create(cloudFormation, StackName, TEMPLATE);
    expect(await remove(cloudFormation, StackName)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
    expect(await codeOf(ssm.getParameter({ Name: '/of/stack' }))).toBe('ParameterNotFound');
  },
  'cloudformation:RollbackStack': async ({ to: { cloudFormation, ssm } }) => {
    await ssm.putParameter({ Name: '/taken', Type: 'String', Value: 'x' });
    await cloudFormation.createStack({ ...body(TAKEN), DisableRollback: true });
    expect(await ended(cloudFormation, StackName)).toMatchObject({ StackStatus: 'CREATE_FAILED' });
    await cloudFormation.rollbackStack({ StackName });
    expect(await ended(cloudFormation, StackName)).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
  },
  'cloudformation:ContinueUpdateRollback': async ({ cloud, to: { cloudFormation, ssm } }) => {
    await ssm.putParameter({ Name: '/taken', Type: 'String', Value: 'x' });
    await create(cloudFormation, StackName, TEMPLATE);
    expect(await codeOf(cloudFormation.continueUpdateRollback({ StackName }))).toBe('ValidationError');
    // The third is that of the rollback.
    cloud.faults.inject({ service: 'ssm', action: 'PutParameter', kind: 'error-500', nth: 3 });
    await cloudFormation.updateStack(body({ Resources: { A: parameter('/of/stack', '2'), Taken: TAKEN.Resources.Taken } }));
    expect(await ended(cloudFormation, StackName)).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_FAILED' });
    await cloudFormation.continueUpdateRollback({ StackName });
    expect(await ended(cloudFormation, StackName)).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
    expect((await ssm.getParameter({ Name: '/of/stack' })).Parameter!.Value).toBe('1');
  },
  'cloudformation:DescribeStacks': async ({ to: { cloudFormation } }) => {
    await create(cloudFormation, StackName, { ...TEMPLATE, Parameters: { P: { Type: 'String', Default: 'p' }, S: { Type: 'String', Default: 's', NoEcho: true } } });
    const { Stacks } = await cloudFormation.describeStacks({});
    expect(Stacks).toMatchObject([{ StackName, Parameters: [{ ParameterKey: 'P', ParameterValue: 'p' }, { ParameterKey: 'S', ParameterValue: '****' }] }]);
    expect(await codeOf(cloudFormation.describeStacks({ StackName: 'none' }))).toBe('ValidationError');
  },
  'cloudformation:DescribeStackResource': async ({ to: { cloudFormation } }) => {
    await create(cloudFormation, StackName, { Resources: { A: parameter('/of/stack', '1', { Metadata: { path: 'App/A' } }) } });
    const { StackResourceDetail } = await cloudFormation.describeStackResource({ StackName, LogicalResourceId: 'A' });
    expect(StackResourceDetail).toMatchObject({ PhysicalResourceId: '/of/stack', Metadata: '{"path":"App/A"}' });
  },
  'cloudformation:DescribeStackResources': async ({ to: { cloudFormation } }) => {
    await create(cloudFormation, StackName, TEMPLATE);
    const { StackResources } = await cloudFormation.describeStackResources({ PhysicalResourceId: '/of/stack' });
    expect(StackResources).toMatchObject([{ StackName, LogicalResourceId: 'A', ResourceStatus: 'CREATE_COMPLETE' }]);
  },
  'cloudformation:ListStackResources': async ({ to: { cloudFormation } }) => {
    await create(cloudFormation, StackName, TEMPLATE);
    expect((await cloudFormation.listStackResources({ StackName })).StackResourceSummaries).toMatchObject([{ PhysicalResourceId: '/of/stack' }]);
  },
  'cloudformation:ListStacks': async ({ to: { cloudFormation } }) => {
    await create(cloudFormation, StackName, TEMPLATE);
    await remove(cloudFormation, StackName);
    expect((await cloudFormation.listStacks({})).StackSummaries).toMatchObject([{ StackName, StackStatus: 'DELETE_COMPLETE' }]);
    expect((await cloudFormation.listStacks({ StackStatusFilter: ['CREATE_COMPLETE'] })).StackSummaries).toEqual([]);
  },
  'cloudformation:GetTemplate': async ({ to: { cloudFormation } }) => {
    await create(cloudFormation, StackName, TEMPLATE);
    expect(JSON.parse((await cloudFormation.getTemplate({ StackName })).TemplateBody!)).toEqual(TEMPLATE);
  },
  'cloudformation:GetTemplateSummary': async ({ to: { cloudFormation } }) => {
    const { TemplateBody } = body(TEMPLATE);
    expect((await cloudFormation.getTemplateSummary({ TemplateBody })).ResourceTypes).toEqual(['AWS::SSM::Parameter']);
  },
  'cloudformation:ValidateTemplate': async ({ to: { cloudFormation } }) => {
    const Parameters = { P: { Type: 'String', Default: 'p' } };
    const answer = await cloudFormation.validateTemplate({ TemplateBody: JSON.stringify({ ...TEMPLATE, Parameters }) });
    expect(answer.Parameters).toMatchObject([{ ParameterKey: 'P', DefaultValue: 'p', NoEcho: false }]);
  },
  'cloudformation:CreateChangeSet': async ({ to: { cloudFormation } }) => {
    const { StackId } = await cloudFormation.createChangeSet({ ...body(TEMPLATE), ChangeSetName: 'c', ChangeSetType: 'CREATE' });
    expect(StackId).toMatch(/^arn:aws:cloudformation:us-east-2:123456789012:stack\/app\//);
    expect(await codeOf(cloudFormation.createChangeSet({ ...body(TEMPLATE), ChangeSetName: 'c', ChangeSetType: 'CREATE' }))).toBe('AlreadyExistsException');
  },
  'cloudformation:DescribeChangeSet': async ({ to: { cloudFormation } }) => {
    await cloudFormation.createChangeSet({ ...body(TEMPLATE), ChangeSetName: 'c', ChangeSetType: 'CREATE' });
    expect((await cloudFormation.describeChangeSet({ StackName, ChangeSetName: 'c' })).Changes).toMatchObject([{ ResourceChange: { Action: 'Add', LogicalResourceId: 'A' } }]);
  },
  'cloudformation:ExecuteChangeSet': async ({ to: { cloudFormation } }) => {
    await cloudFormation.createChangeSet({ ...body(TEMPLATE), ChangeSetName: 'c', ChangeSetType: 'CREATE' });
    await cloudFormation.createChangeSet({ ...body(TEMPLATE), ChangeSetName: 'd', ChangeSetType: 'CREATE' });
    await cloudFormation.executeChangeSet({ StackName, ChangeSetName: 'c' });
    expect(await ended(cloudFormation, StackName)).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
    expect(await codeOf(cloudFormation.describeChangeSet({ StackName, ChangeSetName: 'd' }))).toMatch(/^ChangeSetNotFound(Exception)?$/);
  },
  'cloudformation:DeleteChangeSet': async ({ to: { cloudFormation } }) => {
    await cloudFormation.createChangeSet({ ...body(TEMPLATE), ChangeSetName: 'c', ChangeSetType: 'CREATE' });
    await cloudFormation.deleteChangeSet({ StackName, ChangeSetName: 'c' });
    await cloudFormation.deleteChangeSet({ StackName, ChangeSetName: 'c' });
    expect(await codeOf(cloudFormation.describeChangeSet({ StackName, ChangeSetName: 'c' }))).toMatch(/^ChangeSetNotFound(Exception)?$/);
  },
  'cloudformation:ListChangeSets': async ({ to: { cloudFormation } }) => {
    await cloudFormation.createChangeSet({ ...body(TEMPLATE), ChangeSetName: 'c', ChangeSetType: 'CREATE' });
    expect((await cloudFormation.listChangeSets({ StackName })).Summaries).toMatchObject([{ ChangeSetName: 'c', Status: 'CREATE_COMPLETE' }]);
  },
  'cloudformation:DescribeStackEvents': async ({ to: { cloudFormation } }) => {
    await create(cloudFormation, StackName, TEMPLATE);
    const { StackEvents } = await cloudFormation.describeStackEvents({ StackName });
    expect(StackEvents!.map(({ ResourceStatus }) => ResourceStatus)).toEqual([
      'CREATE_COMPLETE', 'CREATE_COMPLETE', 'CREATE_IN_PROGRESS', 'CREATE_IN_PROGRESS', 'CREATE_IN_PROGRESS',
    ]);
  },
  'cloudformation:DescribeEvents': async ({ to: { cloudFormation } }) => {
    await create(cloudFormation, StackName, TEMPLATE);
    expect((await cloudFormation.describeEvents({ StackName })).OperationEvents!.map(({ EventType }) => EventType)).toContain('STACK_EVENT');
  },
  'cloudformation:ListExports': async ({ to: { cloudFormation } }) => {
    await create(cloudFormation, StackName, TEMPLATE);
    expect((await cloudFormation.listExports({})).Exports).toMatchObject([{ Name: 'a', Value: '/of/stack' }]);
  },
  'cloudformation:ListImports': async ({ to: { cloudFormation } }) => {
    await create(cloudFormation, StackName, TEMPLATE);
    expect(await codeOf(cloudFormation.listImports({ ExportName: 'a' }))).toBe('ValidationError');
    await create(cloudFormation, 'user', { Resources: { B: parameter('/user', { 'Fn::ImportValue': 'a' }) } });
    expect((await cloudFormation.listImports({ ExportName: 'a' })).Imports).toEqual(['user']);
  },
  'cloudformation:ListHookResults': async ({ to: { cloudFormation } }) => {
    expect((await cloudFormation.listHookResults({ TargetType: 'CHANGE_SET', TargetId: 'c' })).HookResults ?? []).toEqual([]);
  },
  'cloudformation:UpdateTerminationProtection': async ({ to: { cloudFormation } }) => {
    await create(cloudFormation, StackName, TEMPLATE);
    await cloudFormation.updateTerminationProtection({ StackName, EnableTerminationProtection: true });
    expect(await codeOf(cloudFormation.deleteStack({ StackName }))).toBe('ValidationError');
  },
};
