import { CASES, STORIES } from './cases/all-cases';
import { codeOf } from './cases/case';
import { cloudClients, type CloudClients } from './cloud-clients';
import { EC2_ACTIONS } from '../support/cloud/calls/actions';
import { startCloud, type Cloud } from '../support/cloud/cloud';
import { CLOUDFORMATION_ACTIONS } from '../support/cloud/cloudformation/cloudformation';
import { CONFORMANCE } from '../support/cloud/conformance/list';
import { createSsmService } from '../support/cloud/ssm/create-ssm-service';

/** Errors that say that nobody knows the call. */
const UNKNOWN = new Set(['InvalidAction', 'UnsupportedOperation', 'NotImplemented', 'UnknownOperationException', 'InternalServerError', 'InternalFailure']);

let cloud: Cloud;
let to: CloudClients;

beforeAll(async () => {
  cloud = await startCloud({ ssm: createSsmService });
  to = cloudClients(cloud);
});
afterAll(async () => { to.end(); await cloud.stop(); });
afterEach(() => cloud.reset());

test.each(CONFORMANCE.filter(({ by }) => by === 'overlay').map(({ service, action, behaviour }) => [`${service}:${action}`, behaviour]))('%s: %s', async (call) => {
  expect(Object.keys(CASES)).toContain(call);
  await CASES[call]({ cloud, to });
  expect(cloud.calls.some(({ service, action, status }) => `${service}:${action}` === call && status !== 0)).toBe(true);
  expect(cloud.calls.filter(({ code }) => code === 'InternalFailure')).toEqual([]);
});

test.each(Object.entries(STORIES).map(([name, story]) => [name, story] as const))('moto tells what we rely on of %s', async (_name, { calls, tell }) => {
  await tell({ cloud, to });
  const answered = new Set(cloud.calls.filter(({ code }) => code === undefined || !UNKNOWN.has(code)).map(({ service, action }) => `${service}:${action}`));
  expect(calls.filter((call) => !answered.has(call))).toEqual([]);
});

test('every call that we answer ourselves is on the list as ours, and every other one as moto\'s', () => {
  const ours = CONFORMANCE.filter(({ service, by }) => service === 'ec2' && by === 'overlay').map(({ action }) => action);
  expect([...EC2_ACTIONS.keys()].sort()).toEqual([...ours].sort());
  const ofStacks = CONFORMANCE.filter(({ service, by }) => service === 'cloudformation' && by === 'overlay').map(({ action }) => action);
  expect([...CLOUDFORMATION_ACTIONS.keys()].sort()).toEqual([...ofStacks].sort());
  expect(new Set(CONFORMANCE.map(({ service, action }) => `${service}:${action}`)).size).toBe(CONFORMANCE.length);
});

test('every call of moto\'s on the list is in one of the stories', () => {
  const told = Object.values(STORIES).flatMap(({ calls }) => calls);
  const listed = CONFORMANCE.filter(({ by }) => by === 'moto').map(({ service, action }) => `${service}:${action}`);
  expect(listed.filter((call) => !told.includes(call))).toEqual([]);
  expect(told.filter((call) => !listed.includes(call))).toEqual([]);
});

test('a call that is not on the list is an error with a code', async () => {
  expect(await codeOf(to.ec2.createNatGateway({ SubnetId: 'subnet-1' }))).toBe('InvalidAction');
  expect(await codeOf(to.ec2.importSnapshot({}))).toBe('InvalidAction');
  expect(await codeOf(to.ssm.listDocuments({}))).toBe('UnknownOperationException');
  expect(await codeOf(to.iam.listUsers({}))).toBe('InvalidAction');
  expect(await codeOf(to.s3.getBucketAcl({ Bucket: 'b' }))).toBe('NotImplemented');
});
