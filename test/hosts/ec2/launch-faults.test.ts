import { ec2Plan, nothingIsLeft, REGION, startEc2, type Ec2Fixture } from './ec2-fixture';
import { hurriedClock } from './hurried-clock';
import { resolveSource } from '../../../lib/hosts/ec2/source-resolution';
import type { LaunchRequirements } from '../../../lib/ports/launch-requirements';
import type { FaultKind } from '../../support/cloud/faults';

let ec2: Ec2Fixture;
beforeAll(async () => {
  ec2 = await startEc2({}, hurriedClock(8));
  ec2.imageId = (await resolveSource(ec2.cloud, REGION, ec2Plan(), ec2.context)).id;
});
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

const ssh: LaunchRequirements = { authorizedKey: 'ssh-ed25519 AAAA caller', hostKey: { privateKey: 'PRIVATE', publicKey: 'PUBLIC' }, inboundPort: 22 };
const times = (name: string) => ec2.aws.calls.filter(({ service, action }) => service === 'ec2' && action === name).length;

describe('whatever call fails once', () => {
  const calls = [
    'DescribeSubnets', 'DescribeVpcs', 'DescribeSecurityGroups', 'CreateSecurityGroup', 'AuthorizeSecurityGroupIngress', 'DescribeImages', 'RunInstances',
    'DescribeInstances', 'ModifyInstanceAttribute', 'DeleteSecurityGroup', 'StopInstances', 'TerminateInstances',
  ];
  const kinds: FaultKind[] = ['throttle', 'error-500', 'error-500-after-effect', 'timeout-after-effect'];

  test.each(calls.flatMap((action) => kinds.map((kind) => [action, kind] as const)))('%s with %s: one machine, and nothing is left', async (action, kind) => {
    ec2.aws.faults.inject({ action, kind });
    const machine = await ec2.launch(ec2Plan(), ssh);
    expect((await ec2.aws.resources()).instances.map(({ id }) => id)).toEqual([machine.id]);
    await machine.stop(60_000);
    await machine.destroy();
    await nothingIsLeft(ec2);
  });

  test.each(['AuthorizeSecurityGroupIngress', 'RunInstances', 'ModifyInstanceAttribute', 'DeleteSecurityGroup', 'StopInstances', 'TerminateInstances'])(
    '%s with something that is not known yet: one machine, and nothing is left', async (action) => {
      ec2.aws.faults.inject({ action, kind: 'not-found' });
      const machine = await ec2.launch(ec2Plan(), ssh);
      await machine.stop(60_000);
      await machine.destroy();
      await nothingIsLeft(ec2);
    });

  const iam = ['GetInstanceProfile', 'CreateRole', 'PutRolePolicy', 'CreateInstanceProfile', 'AddRoleToInstanceProfile'];
  test.each(iam.flatMap((action) => kinds.map((kind) => [action, kind] as const)))('%s with %s: one profile', async (action, kind) => {
    ec2.aws.faults.inject({ action, kind });
    await ec2.launch(ec2Plan());
    const { roles, instanceProfiles } = await ec2.aws.resources();
    expect([roles.length, instanceProfiles.length]).toEqual([1, 1]);
  });

  test.each(['RunInstances', 'CreateSecurityGroup', 'DescribeImages', 'StopInstances', 'TerminateInstances'])('%s that is not allowed is asked for once', async (action) => {
    ec2.aws.settings.denied = [`ec2:${action}`];
    const attempt = async () => {
      const machine = await ec2.launch(ec2Plan(), ssh);
      await machine.stop(60_000);
      await machine.destroy();
    };
    await expect(attempt()).rejects.toMatchObject({ code: 'access-denied', hint: expect.stringContaining(`"Action":"ec2:${action}"`) });
    expect(times(action)).toBe(1);
  });

  test('a machine that AWS does not know for a moment is ended all the same', async () => {
    const machine = await ec2.launch(ec2Plan());
    ec2.aws.faults.inject({ action: 'TerminateInstances', kind: 'not-found' });
    await machine.destroy();
    await nothingIsLeft(ec2);
  });
});
