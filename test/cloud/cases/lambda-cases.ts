import { codeOf, type Cases } from './case';
import { smallZip } from '../../support/cloud/small-zip';
import { makeFunction } from '../service-fixture';

const text = (payload: Uint8Array | undefined) => Buffer.from(payload!).toString();

/** What Lambda does. How functions run is in `lambda.test.ts`. */
export const LAMBDA_CASES: Cases = {
  'lambda:CreateFunction': async ({ cloud, to }) => {
    const arn = await makeFunction(to, 'f', 'exports.handler = async () => 1;');
    expect(arn).toBe(`arn:aws:lambda:${cloud.region}:${cloud.account}:function:f`);
    const Role = `arn:aws:iam::${cloud.account}:role/role-of-lambda`;
    expect(await codeOf(makeFunction(to, 'f', '', { Role }))).toBe('ResourceConflictException');
    expect(await codeOf(makeFunction(to, 'g', '', { Role: `${Role}-none` }))).toBe('InvalidParameterValueException');
  },
  'lambda:GetFunction': async ({ to }) => {
    await makeFunction(to, 'f', '', { Description: 'd' });
    expect((await to.lambda.getFunction({ FunctionName: 'f' })).Configuration).toMatchObject({ Description: 'd', State: 'Active', Timeout: 3 });
    expect(await codeOf(to.lambda.getFunction({ FunctionName: 'none' }))).toBe('ResourceNotFoundException');
  },
  'lambda:GetFunctionConfiguration': async ({ to }) => {
    await makeFunction(to, 'f', '');
    expect(await to.lambda.getFunctionConfiguration({ FunctionName: 'f' })).toMatchObject({ Handler: 'index.handler', LastUpdateStatus: 'Successful' });
  },
  'lambda:ListFunctions': async ({ to }) => {
    await makeFunction(to, 'f', '');
    expect((await to.lambda.listFunctions({})).Functions).toMatchObject([{ FunctionName: 'f' }]);
  },
  'lambda:UpdateFunctionCode': async ({ to }) => {
    await makeFunction(to, 'f', 'exports.handler = async () => 1;');
    await to.lambda.updateFunctionCode({ FunctionName: 'f', ZipFile: smallZip({ 'index.js': 'exports.handler = async () => 2;' }) });
    expect(text((await to.lambda.invoke({ FunctionName: 'f' })).Payload)).toBe('2');
  },
  'lambda:UpdateFunctionConfiguration': async ({ to }) => {
    await makeFunction(to, 'f', 'exports.handler = async () => process.env.A;');
    await to.lambda.updateFunctionConfiguration({ FunctionName: 'f', Environment: { Variables: { A: 'b' } } });
    expect(text((await to.lambda.invoke({ FunctionName: 'f' })).Payload)).toBe('"b"');
    const set = (Variables: Record<string, string>) => to.lambda.updateFunctionConfiguration({ FunctionName: 'f', Environment: { Variables } });
    expect(await codeOf(set({ AWS_REGION: 'x' }))).toBe('InvalidParameterValueException');
    expect(await codeOf(set({ A: 'x'.repeat(4096) }))).toBe('InvalidParameterValueException');
  },
  'lambda:DeleteFunction': async ({ to }) => {
    await makeFunction(to, 'f', '');
    await to.lambda.deleteFunction({ FunctionName: 'f' });
    expect(await codeOf(to.lambda.deleteFunction({ FunctionName: 'f' }))).toBe('ResourceNotFoundException');
  },
  'lambda:AddPermission': async ({ to }) => {
    await makeFunction(to, 'f', '');
    const add = () => to.lambda.addPermission({ FunctionName: 'f', StatementId: 's', Action: 'lambda:InvokeFunction', Principal: 'events.amazonaws.com' });
    expect(JSON.parse((await add()).Statement!)).toMatchObject({ Sid: 's', Principal: { Service: 'events.amazonaws.com' } });
    expect(await codeOf(add())).toBe('ResourceConflictException');
  },
  'lambda:RemovePermission': async ({ to }) => {
    await makeFunction(to, 'f', '');
    expect(await codeOf(to.lambda.removePermission({ FunctionName: 'f', StatementId: 's' }))).toBe('ResourceNotFoundException');
  },
  'lambda:GetPolicy': async ({ to }) => {
    await makeFunction(to, 'f', '');
    expect(await codeOf(to.lambda.getPolicy({ FunctionName: 'f' }))).toBe('ResourceNotFoundException');
    await to.lambda.addPermission({ FunctionName: 'f', StatementId: 's', Action: 'lambda:InvokeFunction', Principal: 'events.amazonaws.com' });
    expect(JSON.parse((await to.lambda.getPolicy({ FunctionName: 'f' })).Policy!)).toMatchObject({ Statement: [{ Sid: 's' }] });
  },
  'lambda:PutFunctionEventInvokeConfig': async ({ cloud, to }) => {
    await makeFunction(to, 'f', 'exports.handler = async () => { throw new Error("no"); };');
    await to.lambda.putFunctionEventInvokeConfig({ FunctionName: 'f', MaximumRetryAttempts: 0 });
    await to.lambda.invoke({ FunctionName: 'f', InvocationType: 'Event' });
    await cloud.services.lambda.settled();
    expect(cloud.services.lambda.invocations).toHaveLength(1);
  },
  'lambda:Invoke': async ({ to }) => {
    await makeFunction(to, 'f', 'exports.handler = async (event) => ({ got: event });');
    const { Payload, StatusCode } = await to.lambda.invoke({ FunctionName: 'f', Payload: '{"a":1}' });
    expect([StatusCode, text(Payload)]).toEqual([200, '{"got":{"a":1}}']);
    expect((await to.lambda.invoke({ FunctionName: 'f', InvocationType: 'Event' })).StatusCode).toBe(202);
    expect(await codeOf(to.lambda.invoke({ FunctionName: 'none' }))).toBe('ResourceNotFoundException');
  },
};
