import { ApiError } from '../protocol/api-error';
import { itemsAt, parseXml, textAt, type XmlElement } from '../protocol/xml';
import type { Instance } from '../records';
import { isVisible, type Call, type World } from '../world';

/** A subnet, as moto has it. */
export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly givesPublicAddress: boolean;
}

/** The subnet of a launch: the one that is named, else the default one of a zone, else any default one. */
export async function findSubnet(call: Call, id: string | undefined, zone: string | undefined): Promise<Subnet> {
  const parameters: { [name: string]: string } = { Action: 'DescribeSubnets' };
  if (id) { parameters['SubnetId.1'] = id; } else { parameters['Filter.1.Name'] = 'defaultForAz'; parameters['Filter.1.Value.1'] = 'true'; }
  const found = itemsAt(await ask(call, parameters), 'subnetSet').map(subnetOf);
  const subnet = found.find((one) => zone === undefined || one.zone === zone);
  if (subnet) { return subnet; }
  if (id) { throw new ApiError('InvalidParameterValue', `The subnet '${id}' is not in the availability zone '${zone}'.`); }
  if (found.length > 0) { throw new ApiError('InvalidParameterValue', `Invalid availability zone: [${zone}]`); }
  throw new ApiError('MissingInput', 'No subnets found for the default VPC. Please specify a subnet.');
}

function subnetOf(item: XmlElement): Subnet {
  return {
    id: textAt(item, 'subnetId'),
    vpcId: textAt(item, 'vpcId'),
    zone: textAt(item, 'availabilityZone'),
    givesPublicAddress: textAt(item, 'mapPublicIpOnLaunch') === 'true',
  };
}

/** Security groups of a launch: they have to exist, to be known already, and to be of the same VPC. */
export async function findGroups(
  call: Call, ids: readonly string[], names: readonly string[], vpcId: string,
): Promise<{ readonly id: string; readonly name: string }[]> {
  const parameters: { [name: string]: string } = { 'Action': 'DescribeSecurityGroups', 'Filter.1.Name': 'vpc-id', 'Filter.1.Value.1': vpcId };
  const groups = itemsAt(await ask(call, parameters), 'securityGroupInfo')
    .map((item) => ({ id: textAt(item, 'groupId'), name: textAt(item, 'groupName') }))
    .filter(({ id }) => isKnown(call.world, id));
  const pick = (wanted: string, key: 'id' | 'name') => {
    const group = groups.find((one) => one[key] === wanted);
    if (!group) { throw new ApiError('InvalidGroup.NotFound', `The security group '${wanted}' does not exist in VPC '${vpcId}'`); }
    return group;
  };
  return [...ids.map((id) => pick(id, 'id')), ...names.map((name) => pick(name, 'name'))];
}

export async function defaultGroup(call: Call, vpcId: string): Promise<{ readonly id: string; readonly name: string }> {
  return (await findGroups(call, [], ['default'], vpcId))[0];
}

/** The instance profile of a launch. EC2 hears of a new one late, and says so with a code that says nothing. */
export async function findProfile(call: Call, name: string | undefined, arn: string | undefined): Promise<Instance['profile']> {
  const wanted = name ?? arn?.split('/').pop();
  if (wanted === undefined) { return undefined; }
  const invalid = () => new ApiError('InvalidParameterValue', name === undefined
    ? `Value (${arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN`
    : `Value (${name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`);
  const { world } = call;
  const born = world.births.get(`profile ${wanted}`);
  if (born !== undefined && world.clock.now() - born < world.settings.profileMs) { throw invalid(); }
  const answer = await world.moto.send({
    method: 'POST',
    path: '/',
    body: new URLSearchParams({ Action: 'GetInstanceProfile', Version: '2010-05-08', InstanceProfileName: wanted }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'authorization': call.authorization.replace(/\/[^/]+\/ec2\//, '/us-east-1/iam/') },
  });
  if (answer.status >= 400) { throw invalid(); }
  const profile = parseXml(answer.body.toString()).children[0]?.children[0];
  const result = { arn: textAt(profile, 'Arn'), id: textAt(profile, 'InstanceProfileId'), name: wanted };
  if (arn !== undefined && result.arn !== arn) { throw invalid(); }
  return result;
}

/** Whether a resource of moto's, made through us, is known to everybody already. */
export function isKnown(world: World, id: string): boolean {
  const born = world.births.get(id);
  return born === undefined || isVisible(world, born);
}

/** Asks moto as the caller of a call. */
export function ask(call: Call, parameters: { readonly [name: string]: string }): Promise<XmlElement> {
  return call.world.moto.ec2(call.region.name, call.authorization, parameters);
}
