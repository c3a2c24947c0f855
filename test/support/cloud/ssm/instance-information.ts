import type { Agents } from './agents';
import type { SsmCall, SsmSurroundings } from './ssm-service';
import { ApiError } from '../protocol/api-error';

/** What AWS has an instance use as its role where it has none of its own; `$None`: nothing. */
const HOST_MANAGEMENT = '/ssm/managed-instance/default-ec2-instance-management-role';

/** The instances whose agents were heard of. */
export async function describeInstanceInformation(call: SsmCall, agents: Agents, surroundings: SsmSurroundings): Promise<object> {
  const wanted = wantedIds(call);
  const listed: object[] = [];
  for (const instance of surroundings.instances(call.account, call.region)) {
    if (wanted && !wanted.includes(instance.id)) { continue; }
    if (!await agents.isManaged(instance) && !agents.isKnown(instance.id)) { continue; }
    const now = surroundings.now() / 1000;
    listed.push({
      InstanceId: instance.id,
      PingStatus: agents.isOnline(instance) ? 'Online' : 'ConnectionLost',
      LastPingDateTime: now,
      AgentVersion: '3.3.1230.0',
      IsLatestVersion: true,
      PlatformType: 'Linux',
      PlatformName: 'Debian GNU/Linux',
      PlatformVersion: '12',
      ResourceType: 'EC2Instance',
      IPAddress: instance.address,
      ComputerName: `ip-${instance.address.replace(/\./g, '-')}`,
      SourceId: instance.id,
      SourceType: 'AWS::EC2::Instance',
    });
  }
  return { InstanceInformationList: listed };
}

function wantedIds({ input }: SsmCall): readonly string[] | undefined {
  const { Filters, InstanceInformationFilterList } = input as {
    readonly Filters?: readonly { Key: string; Values: string[] }[];
    readonly InstanceInformationFilterList?: readonly { key: string; valueSet: string[] }[];
  };
  const filters = [
    ...(Filters ?? []).map(({ Key, Values }) => ({ key: Key, values: Values })),
    ...(InstanceInformationFilterList ?? []).map(({ key, valueSet }) => ({ key, values: valueSet })),
  ];
  const other = filters.find(({ key }) => key !== 'InstanceIds');
  if (other) { throw new ApiError('InvalidFilterKey', `The emulated cloud filters by InstanceIds only, not by ${other.key}`); }
  return filters[0]?.values;
}

/** The one setting of the service that there is; `role` is its value. */
export function getServiceSetting({ input, account, region }: SsmCall, role: string): object {
  const id = String(input.SettingId ?? '');
  if (!id.endsWith(HOST_MANAGEMENT)) { throw new ApiError('ServiceSettingNotFound', `Setting with SettingId ${id} not found.`); }
  return {
    ServiceSetting: {
      SettingId: HOST_MANAGEMENT,
      SettingValue: role,
      LastModifiedDate: 0,
      LastModifiedUser: 'System',
      Status: role === '$None' ? 'Default' : 'Customized',
      ARN: `arn:aws:ssm:${region}:${account}:servicesetting${HOST_MANAGEMENT}`,
    },
  };
}
